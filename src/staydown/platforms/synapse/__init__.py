"""Matrix Synapse: a module that screens what is uploaded, and an adapter that carries out what was decided.

`module` runs inside Synapse, and nothing else imports it. The rest knows Synapse by its admin API alone.
"""
