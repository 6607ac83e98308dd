"""The page of search results."""

from ui.usage_views.search import draw_search

draw_search()
