"""The way back: every version of every model from Google Cloud Storage to S3."""
