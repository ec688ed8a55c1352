# SPDX-License-Identifier: GPL-2.0-only
# placeholder so that helpers can start; replaced by the house
