# SPDX-License-Identifier: Apache-2.0
# Restricted mean survival times; uses the data of cases_curves.R.

rmst_notes <- "survRM2's formulas on survfit(); survRM2 itself is not needed"
golden_case("rmst_lung", lungs, from = "survival::lung", notes = rmst_notes, analyses = list(
  rmst_analysis("by_sex", "Surv(time, dead) ~ sex", lungs), rmst_analysis("one_year", "Surv(time, dead) ~ sex", lungs, tau = 365),
  rmst_analysis("between_times", "Surv(time, dead) ~ sex", lungs, tau = 100.25, conf_level = 0.9),
  rmst_analysis("all", "Surv(time, dead) ~ 1", lungs, tau = 700)))
golden_case("rmst_veteran", veterans, from = "survival::veteran", notes = rmst_notes, analyses = list(
  rmst_analysis("cell_types", "Surv(time, status) ~ celltype", veterans, tau = 180), rmst_analysis("arms", "Surv(time, status) ~ trt", veterans)))
# Groups that end in an event, without events, and that end at zero; a horizon on a time and before the first.
golden_case("rmst_corners", corners, from = "written by hand", notes = rmst_notes, analyses = list(
  rmst_analysis("default", "Surv(time, event) ~ group", corners), rmst_analysis("on_a_time", "Surv(time, event) ~ group", corners, tau = 2),
  rmst_analysis("all", "Surv(time, event) ~ 1", corners)))
golden_case("rmst_fractional_times", fractional, empty = "s6", from = "simulated, seed 20260105", notes = rmst_notes,
  analyses = list(rmst_analysis("by_arm", "Surv(months, died) ~ arm", fractional, tau = 24)))
