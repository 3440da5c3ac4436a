"""Cut points by wish: labelled prompts in, thresholds and what can be promised of them out. Pure; numpy only.

Read in this order: sample (what is known of the prompts), risk (how surely a measured loss bounds the true one), path
(the fixed order in which cut points are tried), choose (loss, share or budget to cut points), rows (lines to prompts),
words (a choice as sentences).
"""
