"""The research room: Chan structures of stored series as they were known at a given moment, and screens over all of
them.

It owns saved screens and repaint measurements. It calls the market room for bars and the Chan kernel for structures,
and announces `research.screen_matched`.
"""
