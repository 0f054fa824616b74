"""The tables of the manual venue: tickets, and what people said came of them. No room reads or writes them."""

from decimal import Decimal

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.core.money import EXACT, plain
from alphaloop.core.order import OrderType
from alphaloop.infra.columns import Key, Model


class Ticket(Model):
    """An order as somebody is to carry it out. `filled` is the sum of what they said came of it."""

    __tablename__ = "manual_tickets"
    __table_args__ = (
        UniqueConstraint("account_id", "client_order_id"),
        Index("ix_manual_tickets_open", "account_id", "status"),
    )

    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key)
    client_order_id: Mapped[str] = mapped_column(String(36))
    instrument: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[Decimal]
    price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    oco_group: Mapped[str | None] = mapped_column(String(64))
    ts_ms: Mapped[int] = mapped_column(Key)
    filled: Mapped[Decimal]
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))

    @property
    def remaining(self) -> Decimal:
        return EXACT.subtract(self.quantity, self.filled)

    def text(self, *, locale: str = "zh-CN") -> str:
        """The ticket as one line to copy or send: 买入 600519 100 股 限价 1530."""
        zh = locale.startswith("zh")
        side = {"BUY": ("买入", "Buy"), "SELL": ("卖出", "Sell")}[self.side][not zh]
        kind = {"LIMIT": ("限价", "limit"), "STOP": ("止损", "stop"), "STOP_LIMIT": ("止损限价", "stop limit")}
        words = [side, self.instrument.partition("@")[0], plain(self.remaining)]
        if self.type == OrderType.MARKET:
            return " ".join([*words, "市价" if zh else "at market"])
        prices = [plain(one) for one in (self.stop_price, self.price) if one is not None]
        return " ".join([*words, kind[self.type][not zh], *prices])


class TicketFill(Model):
    """What somebody said a ticket traded, once by the broker's own trade id."""

    __tablename__ = "manual_fills"
    __table_args__ = (UniqueConstraint("account_id", "trade_id"),)

    position: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key)
    trade_id: Mapped[str] = mapped_column(String(64))
    client_order_id: Mapped[str] = mapped_column(String(36))
    venue_order_id: Mapped[str] = mapped_column(String(40))
    instrument: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    fee: Mapped[Decimal]
    fee_asset: Mapped[str] = mapped_column(String(32))
    ts_ms: Mapped[int] = mapped_column(Key)
