"""The page of one's own usage, for those whose bare address shows more than that."""

from ui.usage_views.my_usage import draw_my_usage

draw_my_usage()
