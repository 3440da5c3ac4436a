"""How good the artifact is: out-of-fold and out-of-source scores, baselines beside them. Serving never imports this."""
