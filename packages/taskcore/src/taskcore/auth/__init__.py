"""Who somebody is and what they may do, without any HTTP inside. Fail closed: what errs, denies."""
