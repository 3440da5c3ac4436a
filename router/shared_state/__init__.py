"""What replicas share, or one process keeps: who rests, and what replies have shown."""
