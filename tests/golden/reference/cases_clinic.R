# SPDX-License-Identifier: Apache-2.0
# One clinic's table that is awkward in every way at once, for every method that takes no times: s1 has one person with
# one row, s2 alone has the drug RTX, s3 has no value of gap, s5 no row. Levels that never occur, columns of the order of
# 1e-12 and 1e13, a column that is twice another, case weights of zero, offsets, persons with several rows, ties.
set.seed(20261129)
persons <- 118
clinic <- data.frame(id = rep(seq_len(persons), times = c(1, rep(c(1, 2, 4), 39))))
n <- nrow(clinic)
clinic$turn <- ave(clinic$id, clinic$id, FUN = seq_along)
of_person <- match(clinic$id, seq_len(persons))
clinic <- with_sites(clinic, c("s1", "s2", "s3", "s4")[1 + (clinic$id > 1) * (1 + clinic$id %% 3)])
clinic$age <- sample(20:80, persons, TRUE)[of_person]
clinic$sex <- factor(sample(c("F", "M"), persons, TRUE)[of_person])
clinic$arm <- factor(sample(c("drug", "none"), persons, TRUE)[of_person], levels = c("drug", "none", "never"))
clinic$level <- factor(sample(c("IL6", "JAK", "TNF"), persons, TRUE)[of_person], levels = c("IL6", "JAK", "RTX", "TNF"))
clinic$level[clinic$site == "s2" & clinic$id %% 2 == 0] <- "RTX"
clinic$stage <- factor(c("early", "late")[rbinom(n, 1, 0.4) + 1], levels = c("early", "late", "none"))
clinic$crp <- round(exp(rnorm(n, 2, 0.8)), 1)
clinic$gap <- ifelse(clinic$site == "s3", NA, round(rnorm(n, 10, 3), 1))
clinic$molar <- clinic$crp * 1e-12
clinic$cells <- clinic$age * 1e12 + 3e11
clinic$twice <- 2 * clinic$age
clinic$weight <- sample(c(0, 0.5, 1, 2), n, TRUE)
clinic$high <- factor(ifelse(clinic$gap > 10, "high", "low"))
clinic$rtx <- factor(ifelse(clinic$level == "RTX", "yes", "no"))
clinic$whole <- as.numeric(sample(1:3, n, TRUE))
clinic$years <- round(runif(n, 0.5, 3), 1)
clinic$part <- clinic$years / 4
clinic$practice <- 100 * match(clinic$site, site_names(4)) + sample(c(11, 12, 13, 14, 15, 16, 17, 18), n, TRUE)  # of a site, with rows of many persons
between <- rnorm(persons)[of_person]
linear <- 0.02 * (clinic$age - 50) - 0.3 * (clinic$arm == "drug") + 0.2 * (clinic$sex == "M") + 0.4 * (clinic$level == "JAK") + 0.5 * between
clinic$change <- round(linear + rnorm(n, 0, 0.8), 2)
clinic$small <- clinic$change * 1e-12
clinic$large <- clinic$change * 1e12
clinic$before <- round(50 + 4 * rnorm(n), 1)
clinic$after <- round(clinic$before + clinic$change, 1)
clinic$response <- rbinom(n, 1, plogis(linear - 0.2))
clinic$visits <- rpois(n, clinic$years * exp(linear - 0.2))
clinic$score <- round(rgamma(n, 3, 3 / exp(linear)), 3) + 0.001
clinic$hits <- rbinom(n, 4, plogis(linear))
clinic$misses <- 4 - clinic$hits
clinic$grade <- factor(c("low", "middle", "high")[findInterval(linear + rlogis(n), c(-Inf, -0.7, 0.9))], levels = c("low", "none", "middle", "high"))
clinic$kind <- factor(c("a", "b", "c")[1 + rbinom(n, 2, plogis(linear))], levels = c("a", "b", "c", "d"))
clinic$risk <- round(plogis(-0.2 + 0.03 * (clinic$age - 50) + 0.3 * (clinic$sex == "M")), 3)
clinic$risk[clinic$site == "s3"] <- NA
clinic$fold <- (seq_len(n) * 7) %% 4 + 1
clinic$marker <- clinic$age / 10 + 100 * clinic$response
clinic_from <- "simulated, seed 20261129"
clinic_notes <- c("awkward in every way at once; see cases_clinic.R", "level RTX is at s2 only, gap missing at s3, s1 one row, s5 none")

golden_case("clinic_tests", clinic, empty = "s5", from = clinic_from, notes = clinic_notes, analyses = list(
  summary_analysis("summary", clinic, c("change", "small", "large", "gap", "molar", "cells", "crp", "level", "stage", "arm"), c(0, 0.1, 0.5, 1)),
  table_analysis("one", clinic, "stage"), table_analysis("two", clinic, c("level", "sex")), table_analysis("by_site", transform(clinic, site = factor(site, site_names(5))), c("site", "level")), table_analysis("high", clinic, c("high", "sex")),
  table_analysis("three", clinic, c("level", "arm", "response"), tests = FALSE),
  fisher_analysis("fisher", clinic, c("sex", "response")),
  histogram_analysis("bars_gap", clinic, "gap", c(0, 5, 10, 15, 30)), histogram_analysis("bars_molar", clinic, "molar", c(0, 5e-12, 1e-11, 1e-9)),
  histogram_analysis("bars_cells", clinic, "cells", c(0, 3e13, 5.03e13, 1e14)),
  ttest_analysis("welch", t.test(gap ~ sex, clinic), list(formula = "gap ~ sex")),
  ttest_analysis("unused_level", t.test(change ~ arm, droplevels(clinic)), list(formula = "change ~ arm")),
  ttest_analysis("level_at_one_site", t.test(change ~ rtx, clinic), list(formula = "change ~ rtx")),
  ttest_analysis("student", t.test(small ~ sex, clinic, var.equal = TRUE), list(formula = "small ~ sex", equal_variance = TRUE)),
  ttest_analysis("large", t.test(large ~ sex, clinic), list(formula = "large ~ sex")),
  ttest_analysis("one_sample", t.test(clinic$large, mu = 1e11), list(y = "large", mu = 1e11)),
  ttest_analysis("pairs", t.test(clinic$after, clinic$before, paired = TRUE), list(y = "after", paired = "before")),
  anova_analysis("one_way", clinic, "gap ~ level"), welch_analysis("welch_anova", clinic, "large ~ level"), anova_analysis("small_anova", clinic, "small ~ arm"),
  terms_anova_analysis("two_way", clinic, "small ~ level * sex"), terms_anova_analysis("scales", clinic, "change ~ molar + cells + level"),
  terms_anova_analysis("aliased", clinic, "change ~ age + twice + arm"),
  wilcoxon_analysis("ranks", clinic, "gap ~ sex"), wilcoxon_analysis("ranks_small", clinic, "small ~ sex"),
  wilcoxon_analysis("ranks_large", clinic, "large ~ sex", alternative = "less"), wilcoxon_analysis("ranks_unused", droplevels(clinic), "change ~ arm"),
  kruskal_analysis("kruskal", clinic, "gap ~ level"), kruskal_analysis("kruskal_small", clinic, "small ~ level"),
  kruskal_analysis("kruskal_large", clinic, "large ~ arm"),
  correlation_analysis("pearson", clinic, c("age", "twice", "gap", "molar", "cells", "small")),
  correlation_analysis("spearman", clinic, c("age", "twice", "gap", "molar", "cells", "crp"), "spearman"),
  pca_analysis("components", clinic, c("change", "gap", "molar", "cells")),
  pca_analysis("twins", clinic, c("age", "twice", "gap"), components = 2),
  pca_analysis("components_small", clinic, c("molar", "small"), scale = FALSE), pca_analysis("components_large", clinic, c("cells", "large"), scale = FALSE),
  kmeans_analysis("clusters", clinic, c("molar", "cells", "gap"), rbind(c(5e-12, 3e13, 10), c(1e-11, 6e13, 10)), scale = TRUE),
  kmeans_analysis("clusters_small", clinic, c("molar", "small"), rbind(c(5e-12, 1e-12), c(1e-11, -1e-12), c(3e-11, 0)))))

golden_case("clinic_models", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, robust_notes), analyses = list(
  glm_analysis("gaussian", "change ~ molar + cells + level + offset(part)", clinic, weights = "weight"),
  glm_analysis("small", "small ~ age + twice + level", clinic), glm_analysis("large", "large ~ gap + stage", clinic),
  glm_analysis("clusters", "change ~ age + level + arm", clinic, robust = "cluster", cluster = "practice"),
  glm_analysis("weighted_clusters", "response ~ age + level", clinic, "binomial", robust = "cluster", cluster = "id"),
  glm_analysis("clustered_counts", "visits ~ sex + level + offset(log(years))", clinic, "poisson", robust = "cluster", cluster = "practice"),
  glm_analysis("hc0", "response ~ molar + cells", clinic, "binomial", robust = "HC0"),
  glm_analysis("hc1", "large ~ age + level", clinic, robust = "HC1"),
  glm_analysis("logistic", "response ~ level + stage + age + twice", clinic, "binomial", weights = "weight"),
  glm_analysis("cauchit", "response ~ age + sex", clinic, "binomial", link = "cauchit"),
  glm_analysis("cloglog", "response ~ gap + level", clinic, "binomial", link = "cloglog"),
  glm_analysis("probit", "cbind(hits, misses) ~ molar + cells", clinic, "binomial", link = "probit"),
  glm_analysis("log_link", "response ~ sex + arm", clinic, "binomial", link = "log", start = c(-1, 0, 0)),
  glm_analysis("quasibinomial", "cbind(hits, misses) ~ level + gap", clinic, "quasibinomial"),
  glm_analysis("poisson", "visits ~ molar + cells + level + offset(log(years))", clinic, "poisson"),
  glm_analysis("quasipoisson", "visits ~ gap + arm", clinic, "quasipoisson", weights = "weight"),
  glm_analysis("gamma", "score ~ level + molar", clinic, "Gamma", link = "log"),
  glm_analysis("gamma_inverse", "score ~ sex + stage", clinic, "Gamma", weights = "weight"),
  nb_analysis("negative_binomial", "visits ~ level + sex + offset(log(years))", clinic),
  firth_analysis("firth", "response ~ level + sex", clinic), firth_analysis("firth_separated", "response ~ marker", clinic),
  ridge_analysis("ridge", "change ~ age + twice + level", clinic, 2, weights = "weight"),
  ridge_analysis("ridge_logistic", "response ~ gap + level", clinic, 1, "binomial"),
  ridge_analysis("ridge_counts", "visits ~ age + sex + offset(log(years))", clinic, 1, "poisson")))

golden_case("clinic_levels", clinic, empty = "s5", from = clinic_from, notes = clinic_notes, analyses = c(
  lapply(links, function(link) ordinal_analysis(link, "grade ~ level + gap", clinic, link)),
  list(ordinal_analysis("scales", "grade ~ molar + cells + offset(part)", clinic, weights = "whole"),
       ordinal_analysis("aliased", "grade ~ years + part + stage", clinic),
       multinomial_analysis("multinomial", "kind ~ level + gap", clinic),
       multinomial_analysis("multinomial_scales", "kind ~ molar + cells", clinic, weights = "whole", units = list(molar = 1e12, cells = 1e-12)),
       multinomial_analysis("multinomial_aliased", "kind ~ years + part + stage", clinic))))

of_sites <- lmm_analysis("sites", "change ~ age + arm + (1 | site)", clinic)
of_sites$expected$random_effects <- c(of_sites$expected$random_effects,
  list(list(group = "site", level = "s5", term = "(Intercept)", estimate = NA, std_error = NA)))
golden_case("clinic_persons", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, gee_notes, lmm_notes[2]),
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  gee_analysis("independence", "change ~ level + gap", clinic, "id", "independence"),
  gee_analysis("exchangeable", "change ~ molar + cells + arm", clinic, "id", "exchangeable"),
  gee_analysis("ar1", "large ~ age + sex", clinic, "id", "ar1", time = "turn"),
  gee_analysis("binomial", "response ~ level + stage", clinic, "id", "exchangeable", "binomial"),
  gee_analysis("poisson", "visits ~ gap + sex + offset(log(years))", clinic, "id", "exchangeable", "poisson"),
  gee_analysis("gamma", "score ~ sex + level", clinic, "id", "exchangeable", "Gamma", link = "log"),
  lmm_analysis("intercepts", "change ~ level + gap + (1 | id)", clinic),
  lmm_analysis("scales", "change ~ molar + cells + arm + (1 | id)", clinic, reml = FALSE),
  lmm_analysis("small", "small ~ age + sex + (1 | id)", clinic), lmm_analysis("large", "large ~ age + stage + (1 | id)", clinic),
  lmm_analysis("slopes", "change ~ turn + level + offset(part) + (turn | id)", clinic),
  of_sites,
  glmm_analysis("binomial_mixed", "response ~ level + gap + (1 | id)", clinic, "binomial"),
  glmm_analysis("poisson_mixed", "visits ~ sex + arm + offset(log(years)) + (1 | id)", clinic, "poisson", weights = "whole"),
  glmm_analysis("laplace", "cbind(hits, misses) ~ level + stage + (1 | id)", clinic, "binomial", 1)))

usual_versions <- versions
versions$glmnet <- as.character(packageVersion("glmnet"))
golden_case("clinic_elastic_net", clinic, empty = "s5", from = clinic_from, notes = clinic_notes, analyses = list(
  elastic_net_analysis("gaussian", "change ~ molar + cells + level + gap", clinic, nlambda = 20, folds = "fold"),
  elastic_net_analysis("large", "large ~ age + sex + stage", clinic, alpha = 0.5, nlambda = 10),
  elastic_net_analysis("small", "small ~ age + sex + level", clinic, alpha = 0.5, nlambda = 10),
  elastic_net_analysis("twins", "change ~ age + twice + sex + offset(part)", clinic, alpha = 0.5, nlambda = 10),
  elastic_net_analysis("binomial", "response ~ molar + cells + level + sex", clinic, "binomial", nlambda = 15, folds = "fold"),
  elastic_net_analysis("binomial_gap", "response ~ gap + arm + stage + offset(part)", clinic, "binomial", alpha = 0.5, nlambda = 10),
  elastic_net_analysis("poisson", "visits ~ age + level + arm + offset(log(years))", clinic, "poisson", nlambda = 15, folds = "fold"),
  elastic_net_analysis("poisson_gap", "visits ~ gap + molar + cells", clinic, "poisson", alpha = 0.5, nlambda = 10)))
versions <- usual_versions

golden_case("clinic_effects", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, effect_notes), analyses = list(
  effect_analysis("ipw", clinic, "change", "arm", c("age", "level", "gap")),
  effect_analysis("treated", clinic, "large", "arm", c("age", "sex"), "ipw", "ATT", treated = "drug"),
  effect_analysis("overlap", clinic, "small", "arm", c("molar", "cells", "level"), "overlap"),
  effect_analysis("gcomp", clinic, "response", "arm", c("age", "twice", "level"), "gcomp"),
  effect_analysis("aipw", clinic, "change", "arm", c("molar", "cells", "sex"), "aipw"),
  effect_analysis("tmle", clinic, "response", "arm", c("gap", "sex"), "tmle"),
  effect_analysis("drugs", clinic, "change", "level", c("age", "sex", "crp")),
  effect_analysis("drugs_gcomp", clinic, "large", "level", c("age", "sex"), "gcomp", "ATT", treated = "JAK"),
  effect_analysis("drugs_aipw", clinic, "response", "level", c("age", "cells"), "aipw"),
  effect_analysis("drugs_tmle", clinic, "response", "level", c("sex", "age"), "tmle"),
  effect_analysis("drugs_overlap", clinic, "change", "level", c("age", "sex"), "overlap")))

versions$sva <- as.character(packageVersion("sva"))
golden_case("clinic_harmonised", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, combat_notes), analyses = list(
  combat_analysis("scales", clinic, c("change", "small", "large", "molar", "crp"), c("age", "sex")),
  combat_analysis("levels", clinic, c("change", "crp", "large"), c("arm", "stage", "level")),
  combat_analysis("gap", clinic, c("change", "gap", "crp"), "sex")))

versions <- usual_versions
versions$mice <- as.character(packageVersion("mice"))
golden_case("clinic_imputed", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, imputation_notes), analyses = list(
  imputation_analysis("gaussian", "change ~ gap + sex", clinic, imputations = 3, cycles = 2, more = "molar"),
  imputation_analysis("small", "small ~ gap + arm", droplevels(clinic), imputations = 3, cycles = 1),
  imputation_analysis("binomial", "response ~ gap + level", clinic, "binomial", imputations = 4, cycles = 2, seed = 3),
  imputation_analysis("poisson", "visits ~ gap + offset(log(years))", clinic, "poisson", imputations = 3, cycles = 2, more = c("cells", "sex"))))

versions <- usual_versions
versions$pROC <- as.character(packageVersion("pROC"))
golden_case("clinic_predictions", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, "risk is missing at s3"), analyses = list(
  roc_analysis("molar", "response", "molar", clinic), roc_analysis("cells", "response", "cells", clinic), roc_analysis("gap", "response", "gap", clinic),
  roc_analysis("paired", "response", c("molar", "cells", "gap"), clinic, direction = "<"), roc_analysis("marker", "response", "marker", clinic),
  calibration_analysis("calibration", "response", "risk", clinic), net_benefit_analysis("benefit", "response", "risk", clinic)))
versions <- usual_versions

golden_case("clinic_forest", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, forest_notes), analyses = list(
  forest_analysis("chance", "response ~ age + level + arm + stage + gap", clinic),
  forest_analysis("scales", "change ~ molar + cells + sex + level", clinic, weights = "whole"),
  forest_analysis("small", "small ~ age + sex + level", clinic, trees = 10), forest_analysis("large", "large ~ age + sex + level", clinic, trees = 10)))

golden_case("clinic_choice", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, choice_notes), analyses = list(
  choice_analysis("response", clinic, "response", "arm", c("age", "sex", "gap"), 4, thresholds = c(0, 0.1), heterogeneity = TRUE),
  choice_analysis("small", clinic, "small", "arm", c("age", "sex"), 4, heterogeneity = TRUE),
  choice_analysis("scales", clinic, "change", "arm", c("molar", "cells", "level"), 4, direction = "lower")))

clinic$exposed <- as.numeric(clinic$sex == "M")
exposed_profiles <- lapply(split(clinic, clinic$site)[c("s2", "s3", "s4")], profile_of, response ~ age, "exposed", "binomial")
clinic_meta <- function(name, term, formula, ...) meta_analysis(name, clinic, term, formula, ...)
rtx_meta <- clinic_meta("rtx", "levelRTX", "change ~ level", release_sites = TRUE)
rtx_meta$expected$per_site <- c(rtx_meta$expected$per_site, list(list(site = "s5", estimate = NA, std_error = NA)))
golden_case("clinic_meta", clinic, empty = "s5", from = paste0(clinic_from, "; ", metafor_version), notes = c(clinic_notes, meta_notes), analyses = list(
  clinic_meta("fixed", "sexM", "change ~ sex + age"), clinic_meta("moments", "sexM", "change ~ sex + age", model = "random"),
  clinic_meta("restricted", "age", "response ~ age", family = "binomial", tau2 = "REML"),
  clinic_meta("arm", "armnone", "change ~ arm", tau2 = "REML"), clinic_meta("small", "age", "small ~ age", tau2 = "DL"), clinic_meta("large", "age", "large ~ age", tau2 = "PM"),
  clinic_meta("adhoc", "sexM", "change ~ sex + age", tau2 = "REML", hartung_knapp = "adhoc"),
  clinic_meta("gap", "gap", "change ~ gap", tau2 = "PM", hartung_knapp = TRUE),
  rtx_meta,
  list(study = list(name = "sexes", method = "glm", formula = "response ~ exposed + age", family = "binomial"), expected = list(method = "glm")),
  list(study = list(name = "sexes_profile", method = "meta", analysis = "sexes", term = "exposed", model = "bayes", likelihood = "profile"),
       expected = profile_posterior(exposed_profiles, -9, 11, 201))))
