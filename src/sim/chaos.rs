//! Random faults: a plan of actions drawn from a seed, for campaigns that look for what breaks.
