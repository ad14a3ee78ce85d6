"""Which photos are copies of one another: perceptual hashes, near pairs, clusters."""
