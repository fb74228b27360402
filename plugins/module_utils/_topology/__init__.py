# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared vocabulary of an edge: read once, checked before any host is touched, and derived into every role's variables.

Everything here is pure: an `Inventory` goes in, data or `Problems` come out. It runs on the controller only.
"""
