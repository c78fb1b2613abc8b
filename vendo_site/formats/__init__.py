"""How dates are written where Django writes them itself, which is in its admin (FORMAT_MODULE_PATH)."""
