"""`rollway-agent local`: a deployment to this host without any server, by the agent's own engine.

Its flags are those of `codedeploy-local`, so that scripts written for that tool run against this
one.
"""
