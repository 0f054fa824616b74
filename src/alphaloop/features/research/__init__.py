"""The research room: Chan structures of stored series, as they were known at a given moment.

It owns no tables. It calls the market room for bars and the Chan kernel for structures, and announces nothing.
"""
