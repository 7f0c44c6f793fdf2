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
  tolerances = list(p_value = 1e-7), analyses = list(
  lmm_analysis("far", "score ~ age + dose + arm + (1 | id)", awkward),
  empty_site,
  lmm_analysis("between", "stable ~ arm + (1 | id)", awkward),
  lmm_analysis("offset", "score ~ dose + offset(age) + (1 | id)", awkward, reml = FALSE),
  lmm_analysis("two_slopes", "score ~ 0 + arm + dose + (1 | id)", awkward)))
