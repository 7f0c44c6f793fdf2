# SPDX-License-Identifier: Apache-2.0
# Linear mixed models against lme4. Patients lie within sites; (1 | site) has the sites as clusters.

lmm_notes <- c(paste("lme4", packageVersion("lme4"), "polished until the gradient of the deviance vanishes"),
  "statistic is t as lme4 prints it; p_value is Wald's normal one, which lme4 does not give")

# Whole subjects at a site.
reactions <- data.frame(reaction = sleepstudy$Reaction, days = sleepstudy$Days,
                        subject = as.integer(as.character(sleepstudy$Subject)))
reactions <- with_sites(reactions, site_names(3)[match(reactions$subject, unique(reactions$subject)) %% 3 + 1])
golden_case("mixed_sleepstudy", reactions, from = "lme4::sleepstudy", notes = lmm_notes, analyses = list(
  lmm_analysis("intercepts", "reaction ~ days + (1 | subject)", reactions),
  lmm_analysis("intercepts_ml", "reaction ~ days + (1 | subject)", reactions, reml = FALSE, conf_level = 0.9),
  lmm_analysis("slopes", "reaction ~ days + (days | subject)", reactions),
  lmm_analysis("slopes_ml", "reaction ~ days + (days | subject)", reactions, reml = FALSE),
  lmm_analysis("slopes_alone", "reaction ~ days + (0 + days | subject)", reactions)))

centres <- with_sites(growth[names(growth) != "site"], site_names(7)[growth$chick %% 7 + 1])
golden_case("mixed_site_chicks", centres, from = "datasets::ChickWeight", notes = lmm_notes, analyses = list(
  lmm_analysis("intercepts", "weight ~ day + diet + (1 | site)", centres),
  lmm_analysis("intercepts_ml", "weight ~ day * diet + (1 | site)", centres, reml = FALSE),
  lmm_analysis("slopes", "weight ~ day + diet + (day | site)", centres),
  lmm_analysis("chicks", "weight ~ day + diet + (day | chick)", centres)))

# Chicks inside sites that differ.
set.seed(20240613)
centres$weight <- round(centres$weight + 25 * rnorm(7)[as.integer(centres$site)], 1)
golden_case("mixed_nested_chicks", centres, from = "datasets::ChickWeight, sites shifted, seed 20240613", notes = lmm_notes, analyses = list(
  lmm_analysis("nested", "weight ~ day + diet + (1 | site/chick)", centres),
  lmm_analysis("nested_ml", "weight ~ day * diet + (1 | site/chick)", centres, reml = FALSE),
  lmm_analysis("both", "weight ~ day + diet + (1 | site) + (1 | chick)", centres)))

# No variance between batches: the estimate is 0, and the fit is that of least squares.
batches <- with_sites(data.frame(yield = Dyestuff2$Yield), paste0("b", Dyestuff2$Batch))
singular <- lmm_analysis("singular", "yield ~ 1 + (1 | site)", batches)
singular$expected$warnings_contain <- "singular fit"
batches$strength <- Dyestuff$Yield
golden_case("mixed_dyestuff", batches, from = "lme4::Dyestuff, Dyestuff2", notes = lmm_notes, analyses = list(
  singular, lmm_analysis("regular", "strength ~ 1 + (1 | site)", batches),
  lmm_analysis("regular_ml", "strength ~ 1 + (1 | site)", batches, reml = FALSE)))

# Far from zero, clusters of one row, missing values, a rare factor level, almost all variance between clusters.
set.seed(20240611)
awkward <- data.frame(id = rep(1:60, times = rep(c(1, 2, 3, 7), 15)))
awkward$age <- round(rnorm(nrow(awkward), 2e6, 3), 2)
awkward$dose <- 1e-7 * rexp(nrow(awkward))
awkward$arm <- factor(ifelse(awkward$id %% 20 == 0, "rare", ifelse(awkward$id %% 2 == 0, "drug", "none")))
awkward$score <- 1e5 + 0.5 * (awkward$age - 2e6) + 4e7 * awkward$dose + rnorm(60)[awkward$id] + rnorm(nrow(awkward))
awkward$stable <- 500 + 5 * rnorm(60)[awkward$id] + 0.01 * rnorm(nrow(awkward)) + (awkward$arm == "drug")
awkward$score[c(5, 50)] <- NA
awkward$age[17] <- NA
awkward <- with_sites(awkward, site_names(4)[awkward$id %% 4 + 1])
empty_site <- lmm_analysis("far_site", "score ~ age + arm + (1 | site)", awkward)
empty_site$expected$random_effects <- c(empty_site$expected$random_effects,
  list(list(group = "site", level = "s9", term = "(Intercept)", estimate = NA, std_error = NA)))
golden_case("mixed_awkward", awkward, from = "drawn, seed 20240611", notes = lmm_notes, empty = "s9",
  tolerances = list(p_value = 1e-7), because = small_p, analyses = list(
  lmm_analysis("far", "score ~ age + dose + arm + (1 | id)", awkward),
  empty_site,
  lmm_analysis("between", "stable ~ arm + (1 | id)", awkward),
  lmm_analysis("offset", "score ~ dose + offset(age) + (1 | id)", awkward, reml = FALSE),
  lmm_analysis("two_slopes", "score ~ 0 + arm + dose + (1 | id)", awkward)))

# Case weights from a hundredth to ten thousand.
weighted_chicks <- centres
weighted_chicks$w <- c(0.01, 1, 2.5, 1e4, 0.3)[(seq_len(nrow(centres)) * 7) %% 5 + 1]
golden_case("mixed_weights", weighted_chicks, from = "datasets::ChickWeight, sites shifted, seed 20240613", notes = lmm_notes, analyses = list(
  lmm_analysis("intercepts", "weight ~ day + diet + (1 | chick)", weighted_chicks, weights = "w"),
  lmm_analysis("site_ml", "weight ~ day + (1 | site)", weighted_chicks, reml = FALSE, weights = "w"),
  lmm_analysis("slopes", "weight ~ day + (day | chick)", weighted_chicks, weights = "w"),
  lmm_analysis("nested", "weight ~ day + diet + (1 | site/chick)", weighted_chicks, weights = "w")))

# Crossed groups: raters who see many patients, at one site each; some rate one only. Levels have the same numbers at two
# sites nowhere.
set.seed(20261127)
ratings <- expand.grid(patient = 1:60, visit = 1:4)
ratings$centre <- ratings$patient %% 4 + 1
ratings$rater <- 10 * ratings$centre + sample(1:5, nrow(ratings), TRUE)
ratings$rater[ratings$patient == 7 & ratings$visit == 1] <- 39
ratings$arm <- factor(ifelse(ratings$patient %% 3 == 0, "drug", "none"))
ratings$score <- round(50 + 2 * ratings$visit + (ratings$arm == "drug") + 3 * rnorm(60)[ratings$patient] +
                       1.5 * rnorm(59)[ratings$rater] + 2 * rnorm(nrow(ratings)), 2)
ratings$w <- 1 + (seq_len(nrow(ratings)) * 7) %% 4 / 2
ratings$score[c(3, 77)] <- NA
ratings <- ratings[sample(nrow(ratings)), ]
ratings <- with_sites(ratings, site_names(4)[ratings$centre])
golden_case("mixed_crossed", ratings[names(ratings) != "centre"], from = "drawn, seed 20261127", notes = lmm_notes, empty = "s9", analyses = list(
  lmm_analysis("crossed", "score ~ visit + arm + (1 | patient) + (1 | rater)", ratings),
  lmm_analysis("crossed_ml", "score ~ visit * arm + (1 | rater) + (1 | patient)", ratings, reml = FALSE),
  lmm_analysis("weights", "score ~ visit + (1 | patient) + (1 | rater)", ratings, weights = "w")))
