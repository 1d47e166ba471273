"""A plan for other engines: Flux, Argo CD, helmfile. Pure: a plan in, texts by path out; `folder` alone writes files.

What an engine has no means for becomes an ExternalSecret, a script, or a step that a person takes; the README that
goes with every export lists them in order. Secrets are never in the files.
"""
