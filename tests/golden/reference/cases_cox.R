# SPDX-License-Identifier: Apache-2.0
# Cox regression: stratified by site (the default), by other variables, and not at all.

cox_notes <- c("conf_low and conf_high are on the scale of estimate; hazard_ratio = exp(estimate)",
               "the default strata [\"site\"] is + strata(site) in R; robust and clustered errors are coxph's")

golden_case("cox_lung", lungs, from = "survival::lung", notes = cox_notes, analyses = list(
  cox_analysis("by_site", "Surv(time, dead) ~ age + sex", lungs),
  cox_analysis("breslow", "Surv(time, dead) ~ age + sex", lungs, ties = "breslow"),
  cox_analysis("missing", "Surv(time, dead) ~ age + sex + ph.karno + wt.loss", lungs),
  cox_analysis("interaction", "Surv(time, dead) ~ age * sex + factor(ph.ecog)", lungs),
  cox_analysis("strata_term", "Surv(time, dead) ~ age + strata(sex)", lungs),
  cox_analysis("ninety_percent", "Surv(time, dead) ~ age", lungs, conf_level = 0.9),
  cox_analysis("square", "Surv(time, dead) ~ age + I(age^2)", lungs)))

golden_case("cox_unstratified_lung", lungs, from = "survival::lung", notes = cox_notes, analyses = list(
  cox_analysis("efron", "Surv(time, dead) ~ age + sex", lungs, strata = character()),
  cox_analysis("breslow", "Surv(time, dead) ~ age + sex", lungs, ties = "breslow", strata = character()),
  cox_analysis("site_term", "Surv(time, dead) ~ age + site", lungs, strata = character()),
  cox_analysis("by_sex", "Surv(time, dead) ~ age + ph.karno", lungs, strata = "sex"),
  cox_analysis("term_only", "Surv(time, dead) ~ age + strata(sex)", lungs, strata = character())))

golden_case("cox_baseline_lung", lungs, from = "survival::lung", notes = c(cox_notes,
  "baseline: basehaz(centered = FALSE), the cumulative hazard at covariates of zero and reference levels, at every distinct time"),
  analyses = list(
  cox_analysis("efron", "Surv(time, dead) ~ age + sex", lungs, strata = character(), baseline = TRUE),
  cox_analysis("breslow", "Surv(time, dead) ~ age + sex", lungs, ties = "breslow", strata = character(), baseline = TRUE)))

golden_case("cox_zph_veteran", veterans, from = "survival::veteran", notes = c(cox_notes,
  "proportional_hazards: cox.zph(transform = \"km\", terms = TRUE) with GLOBAL last"), analyses = list(
  cox_analysis("by_site", "Surv(time, status) ~ trt + karno + age", veterans, zph = TRUE),
  cox_analysis("factor", "Surv(time, status) ~ celltype + karno", veterans, strata = character(), zph = TRUE)))

golden_case("cox_veteran", veterans, from = "survival::veteran", notes = cox_notes, analyses = list(
  cox_analysis("main", "Surv(time, status) ~ trt + celltype + karno", veterans),
  cox_analysis("crossed", "Surv(time, status) ~ trt * celltype", veterans),
  cox_analysis("by_type", "Surv(time, status) ~ trt + karno + strata(celltype)", veterans, ties = "breslow"),
  cox_analysis("logarithm", "Surv(time, status) ~ log(karno) + trt", veterans, strata = character()),
  cox_analysis("spline", "Surv(time, status) ~ ns(karno, df=3)", veterans)))

hearts <- heart[c("start", "stop", "event", "age", "year", "surgery", "transplant", "id")]
hearts$transplant <- as.integer(hearts$transplant) - 1L
hearts <- with_sites(hearts, site_names(4)[hearts$id %% 4 + 1])
golden_case("cox_heart_time_varying", hearts, from = "survival::heart", notes = cox_notes, analyses = list(
  cox_analysis("pooled", "Surv(start, stop, event) ~ age + year + surgery + transplant", hearts, strata = character()),
  cox_analysis("pooled_breslow", "Surv(start, stop, event) ~ age + year + surgery + transplant", hearts, ties = "breslow", strata = character()),
  cox_analysis("by_site", "Surv(start, stop, event) ~ age + year + surgery + transplant", hearts),
  cox_analysis("clustered", "Surv(start, stop, event) ~ age + surgery + transplant + cluster(id)", hearts)))

golden_case("cox_left_truncated", late, from = "simulated, seed 20260104", notes = cox_notes, analyses = list(
  cox_analysis("by_site", "Surv(entry, exit, event) ~ x + sex", late),
  cox_analysis("pooled", "Surv(entry, exit, event) ~ x * sex", late, strata = character()),
  cox_analysis("breslow", "Surv(entry, exit, event) ~ x + sex", late, ties = "breslow")))

tied <- bladder[bladder$enum <= 4, c("id", "rx", "number", "size", "stop", "event", "enum")]
tied <- with_sites(tied, site_names(4)[tied$id %% 4 + 1])
golden_case("cox_robust_bladder", tied, from = "survival::bladder (Wei, Lin and Weissfeld 1989)", notes = cox_notes, analyses = list(
  cox_analysis("wlw", "Surv(stop, event) ~ rx + number + size + strata(enum) + cluster(id)", tied),
  cox_analysis("wlw_pooled", "Surv(stop, event) ~ rx + number + size + strata(enum) + cluster(id)", tied, strata = character()),
  cox_analysis("robust", "Surv(stop, event) ~ rx + size", tied, robust = TRUE),
  cox_analysis("robust_breslow", "Surv(stop, event) ~ rx + size", tied, ties = "breslow", robust = TRUE)))

whole_days <- fractional
whole_days$months <- ceiling(whole_days$months / 4)
whole_days$x <- rep(c(0.5, 1.5, -1, 2, 0, 0.25, -0.75), length.out = nrow(whole_days))
golden_case("cox_heavy_ties", whole_days, empty = "s6", from = "simulated, seed 20260105",
  notes = c(cox_notes, "about ten deaths at each time, spread over the sites; site s6 is empty"), analyses = list(
  cox_analysis("efron", "Surv(months, died) ~ x + arm", whole_days, strata = character()),
  cox_analysis("breslow", "Surv(months, died) ~ x + arm", whole_days, ties = "breslow", strata = character()),
  cox_analysis("efron_by_site", "Surv(months, died) ~ x + arm", whole_days)))

eventless <- lungs
eventless$dead[eventless$site == "s3"] <- 0
eventless$wt.loss[eventless$site == "s2"] <- NA
eventless$months <- eventless$age * 12
eventless$north <- as.integer(eventless$site == "s1")
golden_case("cox_awkward", eventless, empty = "s0", from = "survival::lung", notes = c(cox_notes,
  "s0 is empty, s3 has no event, wt.loss is wholly missing at s2; months is 12 times age;",
  "north is constant within every site, so it says nothing once the model is stratified by site: null, NA in R"), analyses = list(
  cox_analysis("no_events_at_site", "Surv(time, dead) ~ age + sex", eventless),
  cox_analysis("missing_at_site", "Surv(time, dead) ~ wt.loss + sex", eventless),
  cox_analysis("collinear", "Surv(time, dead) ~ age + months + sex", eventless),
  cox_analysis("constant_in_strata", "Surv(time, dead) ~ age + north", eventless),
  cox_analysis("collinear_pooled", "Surv(time, dead) ~ age + months + sex", eventless, strata = character())))

monotone <- relapse
monotone$marked <- as.integer(monotone$relapsed == 0)
golden_case("cox_monotone", monotone, from = "survival::aml", notes = c(
  "no event has marked = 1: the likelihood has no maximum; coxph() warns and stops anywhere",
  "warnings_contain: one warning has this text"), analyses = list(list(
  study = list(name = "infinite", method = "cox", formula = "Surv(weeks, relapsed) ~ marked", strata = vector_of(character())),
  expected = list(method = "cox", converged = FALSE, warnings_contain = "monotone"))))

coded <- lungs
coded$status <- coded$dead + 1
golden_case("survival_status_one_two", coded, from = "survival::lung",
  notes = "status is 1 (censored) or 2 (dead): Surv() takes the larger code as the event when the largest is 2", analyses = list(
  cox_analysis("cox", "Surv(time, status) ~ age + sex", coded),
  km_analysis("curves", "Surv(time, status) ~ sex", coded), logrank_analysis("test", "Surv(time, status) ~ sex", coded)))
