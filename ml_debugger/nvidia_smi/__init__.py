"""What nvidia-smi prints, in every form it has, turned into snapshots and histories of cards.

Every form is brought to one vocabulary first: the names that `nvidia-smi --help-query-gpu`
lists. Readers of saved outputs and the probe that runs the program share these modules.
"""
