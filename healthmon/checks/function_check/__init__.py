"""The function check of a control room at shift change: its lines C1 to C26, judged from verdicts. Pure."""
