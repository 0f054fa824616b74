"""What people call the common instruments, in Chinese and English, and where they are listed.

Only names: trading rules such as tick and lot are worked out in `naming`.
"""

CRYPTO = {
    "BTC": ("比特币", "Bitcoin"),
    "ETH": ("以太坊", "Ethereum"),
    "BNB": ("币安币", "BNB"),
    "SOL": ("索拉纳", "Solana"),
    "XRP": ("瑞波币", "XRP"),
    "ADA": ("艾达币", "Cardano"),
    "DOGE": ("狗狗币", "Dogecoin"),
    "TRX": ("波场", "Tron"),
    "XLM": ("恒星币", "Stellar"),
    "XMR": ("门罗币", "Monero"),
    "LTC": ("莱特币", "Litecoin"),
    "DOT": ("波卡", "Polkadot"),
    "LINK": ("链克", "Chainlink"),
    "AVAX": ("雪崩", "Avalanche"),
}

# Spot filters of the venue as commonly published (tick, lot, minimum notional): defaults until it can be asked.
BINANCE_FILTERS = {
    "BTCUSDT": ("0.01", "0.00001", "5"),
    "ETHUSDT": ("0.01", "0.0001", "5"),
    "BNBUSDT": ("0.01", "0.001", "5"),
    "SOLUSDT": ("0.01", "0.001", "5"),
    "XRPUSDT": ("0.0001", "0.1", "5"),
    "ADAUSDT": ("0.0001", "0.1", "5"),
    "DOGEUSDT": ("0.00001", "1", "5"),
    "LTCUSDT": ("0.01", "0.001", "5"),
}

CHINA = {
    "SH000001": ("上证指数", "SSE Composite"),
    "SH000016": ("上证 50", "SSE 50"),
    "SH000300": ("沪深 300", "CSI 300"),
    "SH000905": ("中证 500", "CSI 500"),
    "SZ399001": ("深证成指", "SZSE Component"),
    "SZ399006": ("创业板指", "ChiNext"),
    "SZ399986": ("中证银行", "CSI Banks"),
    "SH600000": ("浦发银行", "SPD Bank"),
    "SH600004": ("白云机场", "Baiyun Airport"),
    "SH600006": ("东风股份", "Dongfeng Auto"),
    "SH600011": ("华能国际", "Huaneng Power"),
    "SH600029": ("南方航空", "China Southern"),
    "SH600048": ("保利发展", "Poly Developments"),
    "SH600085": ("同仁堂", "Tong Ren Tang"),
    "SH600519": ("贵州茅台", "Kweichow Moutai"),
    "SH600809": ("山西汾酒", "Shanxi Fenjiu"),
    "SH601766": ("中国中车", "CRRC"),
    "SZ000001": ("平安银行", "Ping An Bank"),
    "SZ000002": ("万科 A", "Vanke"),
    "SZ000063": ("中兴通讯", "ZTE"),
    "SZ000157": ("中联重科", "Zoomlion"),
    "SZ000333": ("美的集团", "Midea"),
    "SZ000625": ("长安汽车", "Changan Auto"),
    "SZ000651": ("格力电器", "Gree"),
    "SZ000725": ("京东方 A", "BOE"),
    "SZ000768": ("中航西飞", "AVIC Xi'an"),
    "SZ000776": ("广发证券", "GF Securities"),
    "SZ000858": ("五粮液", "Wuliangye"),
    "SZ002007": ("华兰生物", "Hualan Bio"),
    "SZ002024": ("苏宁易购", "Suning"),
    "SZ002230": ("科大讯飞", "iFlytek"),
    "SZ002415": ("海康威视", "Hikvision"),
    "SZ002594": ("比亚迪", "BYD"),
    "SZ002739": ("万达电影", "Wanda Film"),
    "SZ300003": ("乐普医疗", "Lepu Medical"),
    "SZ300059": ("东方财富", "East Money"),
}

HONG_KONG = {
    "00656": ("复星国际", "Fosun"),
    "00700": ("腾讯控股", "Tencent"),
    "01359": ("中国信达", "China Cinda"),
    "02318": ("中国平安", "Ping An"),
    "02333": ("长城汽车", "Great Wall Motor"),
    "03333": ("中国恒大", "Evergrande"),
    "03888": ("金山软件", "Kingsoft"),
}

US_NAMES = {
    "AAPL": ("苹果", "Apple"),
    "MSFT": ("微软", "Microsoft"),
    "AMZN": ("亚马逊", "Amazon"),
    "GOOG": ("谷歌 C", "Alphabet C"),
    "GOOGL": ("谷歌 A", "Alphabet A"),
    "INTC": ("英特尔", "Intel"),
    "QCOM": ("高通", "Qualcomm"),
    "ORCL": ("甲骨文", "Oracle"),
    "IBM": ("IBM", "IBM"),
    "TWX": ("时代华纳", "Time Warner"),
    "JPM": ("摩根大通", "JPMorgan"),
    "BAC": ("美国银行", "Bank of America"),
    "C": ("花旗", "Citigroup"),
    "WFC": ("富国银行", "Wells Fargo"),
    "V": ("维萨", "Visa"),
    "MA": ("万事达", "Mastercard"),
    "AXP": ("美国运通", "American Express"),
    "BRK.B": ("伯克希尔 B", "Berkshire B"),
    "JNJ": ("强生", "Johnson & Johnson"),
    "MRK": ("默沙东", "Merck"),
    "PFE": ("辉瑞", "Pfizer"),
    "KO": ("可口可乐", "Coca-Cola"),
    "MCD": ("麦当劳", "McDonald's"),
    "SBUX": ("星巴克", "Starbucks"),
    "NKE": ("耐克", "Nike"),
    "DIS": ("迪士尼", "Disney"),
    "HD": ("家得宝", "Home Depot"),
    "COST": ("好市多", "Costco"),
    "CVX": ("雪佛龙", "Chevron"),
    "XOM": ("埃克森美孚", "Exxon Mobil"),
    "GE": ("通用电气", "General Electric"),
    "HON": ("霍尼韦尔", "Honeywell"),
    "DE": ("迪尔", "Deere"),
    "ES": ("永源能源", "Eversource"),
    "EIX": ("爱迪生国际", "Edison International"),
    "ESS": ("埃塞克斯", "Essex Property"),
    "FCX": ("自由港", "Freeport"),
    "SPY": ("标普 500 ETF", "S&P 500 ETF"),
    "QQQ": ("纳指 100 ETF", "Nasdaq 100 ETF"),
    "AGG": ("美国综合债 ETF", "US Aggregate Bond ETF"),
    "TLT": ("20 年国债 ETF", "20+ Year Treasury ETF"),
    "IEF": ("7-10 年国债 ETF", "7-10 Year Treasury ETF"),
    "SHY": ("1-3 年国债 ETF", "1-3 Year Treasury ETF"),
    "USO": ("原油 ETF", "US Oil Fund"),
    "BNO": ("布伦特原油 ETF", "Brent Oil Fund"),
    "GLW": ("康宁", "Corning"),
    "EWA": ("澳大利亚 ETF", "Australia ETF"),
    "EWC": ("加拿大 ETF", "Canada ETF"),
    "XLB": ("材料 ETF", "Materials ETF"),
    "XLC": ("通信 ETF", "Communication ETF"),
    "XLE": ("能源 ETF", "Energy ETF"),
    "XLF": ("金融 ETF", "Financials ETF"),
    "XLI": ("工业 ETF", "Industrials ETF"),
    "XLK": ("科技 ETF", "Technology ETF"),
    "XLP": ("必需消费 ETF", "Staples ETF"),
    "XLU": ("公用事业 ETF", "Utilities ETF"),
    "XLV": ("医疗 ETF", "Health Care ETF"),
    "XLY": ("可选消费 ETF", "Discretionary ETF"),
}

_US_FUNDS = """
AGG BNO EWA EWC IEF QQQ SHY SPY TLT USO XLB XLC XLE XLF XLI XLK XLP XLU XLV XLY
"""
_NASDAQ = """
AAPL ADBE ADP AEP AMAT AMGN AMZN AVGO CMCSA COO COST CSCO CSGP CSX CTAS DXCM FFIV FITB FOX GILD GOOG GOOGL HON HSIC
IDXX INCY INTC INTU JBHT KLAC LRCX MCHP META MSFT NFLX NTAP NVDA ODFL ON ORLY PAYX PEP PFG POOL PTC QCOM QQQ REGN
SBUX SNPS TSLA TTWO TXN VRSN VRTX WDC WYNN
"""
_NYSE = """
A ABT ADM AES AFL AJG ALB AME AOS APD ARE ATO AVB AVY AXP BAC BBY BDX BF.B BLDR BRK.B BXP C CAT CB CF CHD CL CLX COP
CRH CRL CVX D DE DHI DIS DLR DOV DPZ DRI DTE DUK DVN EFX EIX EME EQT ES ESS ETR FCX FE FIX GE GLW GWW HAL HD HSY
HUBB HUM IBM IEX IP ITW IVZ JBL JNJ JPM KO KR LII LOW LVS MA MAA MAS MCD MCK MGM MMM MOS MRK MSI MTD NEE NI NKE NRG
NUE NVR OKE OMC ORCL OXY PCG PEG PFE PG PH PHM PKG PLD PNW PWR RCL REG RF RL ROK ROL SHW SJM SNA SO SRE STZ SYY TAP
TDY TJX TRV TWX TXT UHS UNH V VLO VMC VTR WEC WFC WM WSM WY XOM YUM ZBH
"""
US_FUNDS, NASDAQ, NYSE = (frozenset(names.split()) for names in (_US_FUNDS, _NASDAQ, _NYSE))

INDICES = {
    "SPX": ("XCBO", "标普 500", "S&P 500"),
    "IXIC": ("XNAS", "纳斯达克综合", "Nasdaq Composite"),
    "VIX": ("XCBO", "恐慌指数 VIX", "VIX"),
}

# Chinese futures: product -> (exchange, Chinese, English). The data's trailing 0 means the continuous contract.
# How late mainland futures trade at night, by product; the others that trade at night end at 23:00. Hours of 2024:
# calendars are not dated, and nights were longer or absent before 2020.
_NIGHTS = {
    "CN-0230": "AU AG SC",
    "CN-01": "CU AL ZN PB NI SN SS BC AO",
    "CN-DAY": "WR BB FB JD LH AP CJ UR SF SM PK RS WH PM RI LR JR",
    # Index and bond futures keep the hours of shares.
    "XSHG": "IF IC IH IM T TF TS TL",
}
CHINA_NIGHTS = {product: calendar for calendar, products in _NIGHTS.items() for product in products.split()}

CHINA_FUTURES = {
    "A": ("XDCE", "豆一", "Soybean No.1"),
    "BB": ("XDCE", "胶合板", "Blockboard"),
    "C": ("XDCE", "玉米", "Corn"),
    "CS": ("XDCE", "玉米淀粉", "Corn starch"),
    "FB": ("XDCE", "纤维板", "Fibreboard"),
    "I": ("XDCE", "铁矿石", "Iron ore"),
    "J": ("XDCE", "焦炭", "Coke"),
    "JM": ("XDCE", "焦煤", "Coking coal"),
    "L": ("XDCE", "塑料", "LLDPE"),
    "M": ("XDCE", "豆粕", "Soybean meal"),
    "P": ("XDCE", "棕榈油", "Palm oil"),
    "PP": ("XDCE", "聚丙烯", "Polypropylene"),
    "V": ("XDCE", "PVC", "PVC"),
    "Y": ("XDCE", "豆油", "Soybean oil"),
    "AG": ("XSGE", "沪银", "Silver"),
    "AL": ("XSGE", "沪铝", "Aluminium"),
    "AU": ("XSGE", "沪金", "Gold"),
    "BU": ("XSGE", "沥青", "Bitumen"),
    "CU": ("XSGE", "沪铜", "Copper"),
    "FU": ("XSGE", "燃料油", "Fuel oil"),
    "HC": ("XSGE", "热卷", "Hot-rolled coil"),
    "RB": ("XSGE", "螺纹钢", "Rebar"),
    "RU": ("XSGE", "橡胶", "Rubber"),
    "WR": ("XSGE", "线材", "Wire rod"),
    "ZN": ("XSGE", "沪锌", "Zinc"),
    "CF": ("XZCE", "棉花", "Cotton"),
    "JR": ("XZCE", "粳稻", "Japonica rice"),
    "LR": ("XZCE", "晚籼稻", "Late rice"),
    "OI": ("XZCE", "菜油", "Rapeseed oil"),
    "RI": ("XZCE", "早籼稻", "Early rice"),
    "RM": ("XZCE", "菜粕", "Rapeseed meal"),
    "RS": ("XZCE", "菜籽", "Rapeseed"),
    "SF": ("XZCE", "硅铁", "Ferrosilicon"),
    "SM": ("XZCE", "锰硅", "Silicomanganese"),
    "SR": ("XZCE", "白糖", "Sugar"),
    "TA": ("XZCE", "PTA", "PTA"),
    "WH": ("XZCE", "强麦", "Strong wheat"),
    "ZC": ("XZCE", "动力煤", "Thermal coal"),
}

GLOBAL_FUTURES = {
    "AHD": ("XLME", "伦铝", "LME aluminium"),
    "CAD": ("XLME", "伦铜", "LME copper"),
    "NID": ("XLME", "伦镍", "LME nickel"),
    "PBD": ("XLME", "伦铅", "LME lead"),
    "ZSD": ("XLME", "伦锌", "LME zinc"),
    "BO": ("XCBT", "美豆油", "Soybean oil"),
    "C": ("XCBT", "美玉米", "Corn"),
    "SM": ("XCBT", "美豆粕", "Soybean meal"),
    "W": ("XCBT", "美小麦", "Wheat"),
    "CL": ("XNYM", "美原油", "WTI crude"),
    "GC": ("XCEC", "纽约金", "Gold"),
    "SI": ("XCEC", "纽约银", "Silver"),
    "WTI": ("XNYM", "WTI 原油现货", "WTI crude spot"),
    "XAU": ("OTC", "伦敦金", "Gold spot"),
    "XAG": ("OTC", "伦敦银", "Silver spot"),
}

FUTURES_HOURS = {
    "XCBT": "CMES",
    "XCEC": "CMES",
    "XCME": "CMES",
    "XNYM": "CMES",
    "XEUR": "XEUR",
    "XLME": "XLME",
    "OTC": "FX",
}
"""Exchange of a future -> the calendar whose hours it keeps; spot metals trade like currencies."""

UTC_DAYS = frozenset({"oanda", "yahoo"})
"""Sources of currencies whose day ends at midnight UTC: called known in the New York afternoon, it would be early."""

CURRENCIES = {
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "CHF": "瑞郎",
    "AUD": "澳元",
    "NZD": "纽元",
    "CAD": "加元",
    "CNH": "离岸人民币",
    "HKD": "港元",
    "XAU": "黄金",
    "XAG": "白银",
}
