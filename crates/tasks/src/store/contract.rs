//! What every store must do; run it against each.
