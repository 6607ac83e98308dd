"""Rating, compared with genai-prices and litellm."""
