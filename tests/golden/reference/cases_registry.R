# SPDX-License-Identifier: Apache-2.0
# One registry's table that is awkward in every way at once, for every method of times: s1 has one person, s2 alone the
# drug RTX, s3 no value of gap, s5 no row; times in weeks that tie across sites, late entries, persons and practices with
# several rows, a stratum without events, case weights, offsets, columns and times of the order of 1e-12 and 1e12.
set.seed(20261130)
people <- 130
registry <- data.frame(id = rep(seq_len(people), times = c(1, rep(c(1, 1, 3), 43))))
n <- nrow(registry)
of_person <- match(registry$id, seq_len(people))
registry <- with_sites(registry, c("s1", "s2", "s3", "s4")[1 + (registry$id > 1) * (1 + registry$id %% 3)])
registry$turn <- ave(registry$id, registry$id, FUN = seq_along)
registry$last <- ave(registry$turn, registry$id, FUN = max) == registry$turn
registry$age <- sample(30:85, people, TRUE)[of_person]
registry$sex <- factor(sample(c("F", "M"), people, TRUE)[of_person])
registry$arm <- factor(sample(c("drug", "none"), people, TRUE)[of_person])
registry$level <- factor(sample(c("IL6", "JAK", "TNF"), people, TRUE)[of_person], levels = c("IL6", "JAK", "RTX", "TNF"))
registry$level[registry$site == "s2" & registry$id %% 2 == 0] <- "RTX"
registry$stage <- factor(c("early", "late")[rbinom(n, 1, 0.4) + 1], levels = c("early", "late", "none"))
registry$ward <- factor(ifelse(registry$id %% 9 == 0, "quiet", c("north", "south")[registry$id %/% 2 %% 2 + 1]))
registry$crp <- round(exp(rnorm(n, 2, 0.8)), 1)
registry$gap <- ifelse(registry$site == "s3", NA, round(rnorm(n, 10, 3), 1))
registry$molar <- registry$crp * 1e-12
registry$cells <- registry$age * 1e12 + 3e11
registry$twice <- 2 * registry$age
registry$fraction <- round(runif(n, 0.3, 3), 2)
registry$whole <- as.numeric(sample(1:3, n, TRUE))
registry$part <- round(runif(n, -0.5, 0.5), 2)
registry$practice <- 100 * match(registry$site, site_names(4)) + sample(1:12, n, TRUE)  # of a site, with rows of many persons
hazard <- exp(0.02 * (registry$age - 55) - 0.4 * (registry$arm == "drug") + 0.3 * (registry$level == "JAK"))
registry$spell <- ceiling(pmin(rexp(n, 0.05 * hazard), 40))
registry$stop <- ave(registry$spell, registry$id, FUN = cumsum) + 2 * (registry$id %% 3)
registry$start <- registry$stop - registry$spell
registry$state <- ifelse(registry$last & registry$spell < 40 & registry$ward != "quiet", sample(0:2, n, TRUE, c(0.2, 0.5, 0.3)), 0)
registry$dead <- as.numeric(registry$state == 1)
registry$weeks <- registry$spell
registry$ended <- rbinom(n, 1, 0.7) * (registry$ward != "quiet")
registry$entry <- floor(registry$weeks * ((seq_len(n) * 7) %% 5) / 8)
registry$high <- factor(ifelse(registry$gap > 10, "high", "low"))
registry$tiny <- registry$weeks * 1e-12
registry$huge <- registry$weeks * 1e12
registry$fold <- registry$id %% 4 + 1
registry$set <- 4 * (registry$id %/% 12) + match(registry$site, site_names(4))
registry$case <- rbinom(n, 1, plogis(-0.7 + 0.02 * (registry$age - 55) + 0.4 * (registry$arm == "drug")))
registry$marker <- factor(ifelse(registry$ended == 0 & registry$sex == "F", "yes", "no"))
registry <- registry[setdiff(names(registry), c("last", "spell"))]
registry_from <- "simulated, seed 20261130"
registry_notes <- c("awkward in every way at once; see cases_registry.R", "level RTX is at s2 only, gap missing at s3, s1 one row, s5 none",
                    "ward quiet has no event; times are whole weeks and tie across sites")

golden_case("registry_curves", registry, empty = "s5", from = registry_from, notes = registry_notes, analyses = list(
  km_analysis("level", "Surv(weeks, ended) ~ level", registry), km_analysis("ward", "Surv(weeks, ended) ~ ward", registry, conf_type = "log-log"),
  km_analysis("late", "Surv(entry, weeks, ended) ~ stage", registry), km_analysis("rows", "Surv(start, stop, dead) ~ arm", registry, times = c(1, 10, 30)),
  km_analysis("huge", "Surv(huge, ended) ~ sex", registry, conf_type = "plain"),
  logrank_analysis("test_level", "Surv(weeks, ended) ~ level", registry), logrank_analysis("test_stage", "Surv(weeks, ended) ~ stage", registry),
  logrank_analysis("test_gap", "Surv(weeks, ended) ~ high", registry), rmst_analysis("mean_gap", "Surv(weeks, ended) ~ high", registry, tau = 12),
  rmst_analysis("mean_stage", "Surv(weeks, ended) ~ stage", registry, tau = 12),
  logrank_analysis("test_wards", "Surv(weeks, ended) ~ level", registry, strata = c("site", "ward")),
  logrank_analysis("test_huge", "Surv(huge, ended) ~ sex", registry, rho = 1),
  rmst_analysis("mean_level", "Surv(weeks, ended) ~ level", registry, tau = 12), rmst_analysis("mean_ward", "Surv(weeks, ended) ~ ward", registry, tau = 10),
  rmst_analysis("mean_huge", "Surv(huge, ended) ~ sex", registry, tau = 1.2e13)))

golden_case("registry_cox", registry, empty = "s5", from = registry_from, notes = registry_notes, analyses = list(
  cox_analysis("by_site", "Surv(weeks, ended) ~ level + age", registry, zph = TRUE),
  cox_analysis("pooled", "Surv(weeks, ended) ~ level + gap", registry, strata = character(), zph = TRUE, baseline = TRUE),
  cox_analysis("wards", "Surv(entry, weeks, ended) ~ age + arm", registry, strata = c("site", "ward"), zph = TRUE),
  cox_analysis("scales", "Surv(entry, weeks, ended) ~ molar + cells", registry, strata = character(), ties = "breslow"),
  cox_analysis("aliased", "Surv(weeks, ended) ~ age + twice + sex", registry),
  cox_analysis("rows", "Surv(start, stop, dead) ~ age + crp + arm", registry, strata = "ward"),
  cox_clusters("practices", "Surv(weeks, ended) ~ age + level", registry, "practice"),
  cox_clusters("persons", "Surv(start, stop, dead) ~ age + crp", registry, "id", strata = character()),
  refined_cox_analysis("weights", "Surv(entry, weeks, ended) ~ level + offset(part)", registry, weights = "fraction", strata = character(), robust = FALSE,
                       baseline = TRUE),
  refined_cox_analysis("weights_by_site", "Surv(weeks, ended) ~ gap + arm", registry, weights = "whole", ties = "breslow", robust = TRUE),
  refined_cox_analysis("predicted", "Surv(weeks, ended) ~ molar + cells", registry, strata = character(),
                       newdata = data.frame(molar = c(5e-12, 2e-11), cells = c(4e13, 7e13)), times = c(1, 10, 39)),
  cox_analysis("unused_level", "Surv(weeks, ended) ~ stage + arm", droplevels(registry), strata = character()),
  cox_analysis("huge", "Surv(huge, ended) ~ age + arm", registry, strata = character(), baseline = TRUE)))

golden_case("registry_models", registry, empty = "s5", from = registry_from, notes = registry_notes, analyses = c(
  lapply(kinds, function(kind) failure_analysis(kind, "Surv(weeks, ended) ~ level + gap", registry, kind)),
  lapply(kinds, function(kind) truncated_failure_analysis(paste0("late_", kind), "Surv(entry, weeks, ended) ~ age + arm + offset(part)", registry, kind, weights = "whole")),
  list(failure_analysis("scales", "Surv(weeks, ended) ~ molar + cells", registry, "lognormal"),
       failure_analysis("huge", "Surv(huge, ended) ~ sex + offset(part)", registry, weights = "fraction"),
       failure_analysis("tiny", "Surv(tiny, ended) ~ sex + stage", registry, "loglogistic"),
       failure_analysis("aliased", "Surv(weeks, ended) ~ age + twice + sex", registry, "loglogistic"),
       not_there("no_event_in_group", "aft", "Surv(weeks, ended) ~ marker"),
       conditional_analysis("exact", "case ~ level + gap", registry), conditional_analysis("unused_level", "case ~ stage + age", droplevels(registry)), conditional_analysis("efron", "case ~ molar + cells", registry, ties = "efron"),
       conditional_analysis("breslow", "case ~ age + twice + offset(part)", registry, ties = "breslow", weights = "whole"))))

golden_case("registry_competing", registry, empty = "s5", from = paste0(registry_from, "; ", cmprsk_version), notes = c(registry_notes, competing_notes), analyses = list(
  competing_analysis("level", "level", registry, time = "weeks", status = "state", group = "level", model = "cuminc"),
  competing_analysis("ward", "ward", registry, time = "weeks", status = "state", cause = 2, group = "ward", model = "cuminc"),
  competing_analysis("late", "arm", registry, time = "weeks", status = "state", group = "arm", late = "entry", weights = "fraction", model = "cuminc"),
  competing_analysis("huge", "sex", registry, time = "huge", status = "state", group = "sex", model = "cuminc"),
  competing_analysis("regression", "level + gap", registry, time = "weeks", status = "state", model = "fine_gray"),
  competing_analysis("scales", "molar + age", registry, time = "weeks", status = "state", cause = 2, model = "fine_gray", late = "entry", weights = "whole"),
  competing_analysis("strata", "age + arm", registry, time = "weeks", status = "state", model = "fine_gray", strata = "ward"),
  competing_analysis("rows", "arm", registry, time = "stop", status = "state", group = "arm", late = "start", id = "id", model = "cuminc"),
  competing_analysis("regression_rows", "age + crp", registry, time = "stop", status = "state", late = "start", id = "id", model = "fine_gray")))

usual_versions <- versions
versions$glmnet <- as.character(packageVersion("glmnet"))
registry$exact <- registry$weeks + seq_len(n) / 1024  # no ties
golden_case("registry_elastic_net", registry, empty = "s5", from = registry_from, notes = c(registry_notes, "exact: times without ties"), analyses = list(
  cox_elastic_net("pooled", "Surv(exact, ended) ~ molar + cells + level + sex", registry, character(), nlambda = 12, folds = "fold",
                  units = list(molar = 1e12, cells = 1e-12)),
  cox_elastic_net("by_site", "Surv(weeks, ended) ~ gap + arm + age", registry, "site", lambda = c(0.1, 0.03, 0.01), near = 2e-2),
  cox_elastic_net("half", "Surv(exact, ended) ~ age + stage + offset(part)", registry, character(), alpha = 0.5, lambda = c(0.1, 0.03, 0.01)),
  cox_elastic_net("late", "Surv(entry, exact, ended) ~ age + sex + arm", registry, character(), lambda = c(0.05, 0.01), near = 2e-2),
  cox_elastic_net("wards", "Surv(weeks, ended) ~ age + arm + level", registry, "ward", lambda = c(0.1, 0.03), near = 2e-2)))
wheezing <- with_sites(lungs[c("time", "dead", "age", "sex", "ph.ecog", "ph.karno", "wt.loss")], by_turn(nrow(lungs), 3))
wheezing$fold <- (seq_len(nrow(lungs)) * 7) %% 5 + 1
golden_case("elastic_net_lung", wheezing, from = "survival::lung", notes = "ties, missing values", analyses = list(
  cox_elastic_net("path", "Surv(time, dead) ~ age + sex + ph.karno + wt.loss", wheezing, character(), nlambda = 15, near = 1e-2, folds = "fold"),
  cox_elastic_net("by_site", "Surv(time, dead) ~ age + sex + factor(ph.ecog)", wheezing, "site", alpha = 0.7, lambda = c(0.1, 0.04, 0.01), near = 2e-2)))
versions <- usual_versions
