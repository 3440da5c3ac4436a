"""How the artifact is made: data sets to labelled examples to fitted weights. Serving never imports this."""
