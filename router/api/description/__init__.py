"""What the API says of itself: bodies, answers and refusals as JSON schemas, put together by `document`."""
