"""Fleetforge: a fleet of KubeSphere clusters built, grown, checked and explained without internet.

The rooms live at the top of the repository and are linked into this folder, so that everything imports under one
name (``fleetforge.flows``, ``fleetforge.tasks``, ...) and no wheel puts a package called ``tasks`` into site-packages.
"""
