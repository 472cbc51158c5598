"""Every effect of the control plane, one module a collaborator."""
