"""What strategies asked for, what became of it, and why.

Called by `sessions`; announces `signals.signal_fired`.
"""
