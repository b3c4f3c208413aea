"""What a person sees: words, figures, drawings, reports."""
