# SPDX-License-Identifier: Apache-2.0
# Generalised linear models: every family with its usual links.

cars <- with_sites(mtcars, by_turn(nrow(mtcars)))
golden_case("glm_gaussian_mtcars", cars, from = "datasets::mtcars", analyses = list(
  glm_analysis("plain", "mpg ~ wt + hp + factor(cyl)", cars),
  glm_analysis("weighted", "mpg ~ wt + hp + factor(cyl)", cars, weights = "carb"),
  glm_analysis("offset", "mpg ~ wt + offset(drat)", cars),
  glm_analysis("log_link", "mpg ~ wt + hp", cars, link = "log"),
  glm_analysis("inverse_link", "mpg ~ wt + hp", cars, link = "inverse"),
  glm_analysis("ninety_percent", "mpg ~ wt", cars, conf_level = 0.9),
  glm_analysis("mean_only", "mpg ~ 1", cars)))

abortion <- with_sites(infert[c("case", "age", "parity", "education", "induced", "spontaneous", "stratum")],
                       in_blocks(nrow(infert), 4))
golden_case("glm_binomial_infert", abortion, from = "datasets::infert",
  notes = "education is a factor whose first level '0-5yrs' is the reference by alphabetical order",
  analyses = lapply(c("logit", "probit", "cloglog", "cauchit"), function(link) {
    glm_analysis(link, "case ~ age + parity + education + spontaneous + induced", abortion, "binomial", link = link)
  }))

set.seed(20260101)
trial <- data.frame(age = round(rnorm(240, 55, 9), 1), arm = sample(c("control", "treated"), 240, TRUE),
                    crp = round(exp(rnorm(240, 2, 0.8)), 2))
trial$response <- rbinom(240, 1, exp(-1.4 + 0.5 * (trial$arm == "treated") + 0.01 * (trial$age - 55)))
trial$arm <- factor(trial$arm)
trial <- with_sites(trial, by_turn(240, 4))
golden_case("glm_binomial_log_link", trial, from = "simulated, seed 20260101",
  notes = "R is given start values; the program finds its own",
  analyses = list(
    glm_analysis("risk_ratio", "response ~ arm", trial, "binomial", link = "log", start = c(-1, 0)),
    glm_analysis("adjusted", "response ~ arm + age", trial, "binomial", link = "log", start = c(-1.4, 0.3, 0.001))))

births <- with_sites(MASS::birthwt[c("low", "age", "lwt", "race", "smoke", "ptl", "ht", "ui")], in_blocks(189, 3))
births_edge <- list(study = list(name = "edge", method = "glm", formula = "low ~ ptl + ui + ht + smoke + factor(race)",
                                 family = "binomial", link = "log"),
                    expected = list(method = "glm", n = 189, converged = FALSE, warnings_contain = "edge of the log link"))
golden_case("glm_log_link_birthweight", births, from = "MASS::birthwt",
  notes = "the first step of Fisher's scoring leads out of the link's range; R is given start values",
  analyses = list(
    glm_analysis("two_terms", "low ~ smoke + ht", births, "binomial", link = "log", start = c(-1.4, 0.1, 0.1)),
    glm_analysis("adjusted", "low ~ age + lwt + smoke", births, "binomial", link = "log", start = c(-1.4, 0, 0, 0)),
    births_edge))
absent <- with_sites(MASS::quine, in_blocks(146, 3))
golden_case("glm_identity_link_quine", absent, from = "MASS::quine", notes = "as glm_log_link_birthweight",
  analyses = list(glm_analysis("plain", "Days ~ Eth + Sex + Age + Lrn", absent, "poisson", link = "identity", start = c(16, rep(0, 6)))))

cancer_cells <- esoph
for (name in c("agegp", "alcgp", "tobgp")) cancer_cells[[name]] <- factor(as.character(esoph[[name]]), levels(esoph[[name]]))
cancer_cells$total <- cancer_cells$ncases + cancer_cells$ncontrols
cancer_cells$fraction <- cancer_cells$ncases / cancer_cells$total
cancer_cells <- with_sites(cancer_cells, by_turn(nrow(cancer_cells)))
golden_case("glm_grouped_esoph", cancer_cells, from = "datasets::esoph", notes =
  "trials: the response is a fraction and the weights are the numbers of trials", analyses = list(
  glm_analysis("cells", "cbind(ncases, ncontrols) ~ agegp + alcgp + tobgp", cancer_cells, "binomial"),
  glm_analysis("probit", "cbind(ncases, ncontrols) ~ agegp + alcgp", cancer_cells, "binomial", link = "probit"),
  glm_analysis("trials", "fraction ~ agegp + alcgp", cancer_cells, "binomial", weights = "total"),
  glm_analysis("quasi", "cbind(ncases, ncontrols) ~ agegp + alcgp + tobgp", cancer_cells, "quasibinomial")))

set.seed(20260102)
visits <- data.frame(age = round(runif(180, 20, 80)), drug = sample(c("a", "b", "c"), 180, TRUE),
                     years = round(runif(180, 0.2, 5), 2))
visits$flares <- rpois(180, visits$years * exp(0.2 - 0.4 * (visits$drug == "b") + 0.01 * (visits$age - 50)))
visits$log_years <- round(log(visits$years), 12)
visits$drug <- factor(visits$drug)
visits <- with_sites(visits, in_blocks(180, 4))
golden_case("glm_poisson_visits", visits, from = "simulated, seed 20260102", analyses = list(
  glm_analysis("rate", "flares ~ drug + age + offset(log(years))", visits, "poisson"),
  glm_analysis("offset_column", "flares ~ drug + offset(log_years)", visits, "poisson"),
  glm_analysis("no_offset", "flares ~ drug * age", visits, "poisson"),
  glm_analysis("square_root", "flares ~ drug + age", visits, "poisson", link = "sqrt"),
  glm_analysis("identity", "flares ~ drug", visits, "poisson", link = "identity"),
  glm_analysis("weighted", "flares ~ drug + age", visits, "poisson", weights = "years"),
  glm_analysis("quasi", "flares ~ drug + age + offset(log(years))", visits, "quasipoisson")))

sprays <- with_sites(InsectSprays, by_turn(nrow(InsectSprays)))
golden_case("glm_poisson_insects", sprays, from = "datasets::InsectSprays", analyses = list(
  glm_analysis("log", "count ~ spray", sprays, "poisson"),
  glm_analysis("square_root", "count ~ spray", sprays, "poisson", link = "sqrt"),
  glm_analysis("identity", "count ~ spray", sprays, "poisson", link = "identity"),
  glm_analysis("quasi_square_root", "count ~ spray", sprays, "quasipoisson", link = "sqrt")))

# McCullagh and Nelder (1989), page 300: clotting times of blood.
clotting <- data.frame(u = rep(c(5, 10, 15, 20, 30, 40, 60, 80, 100), 2), lot = rep(c("one", "two"), each = 9),
                       time = c(118, 58, 42, 35, 27, 25, 21, 19, 18, 69, 35, 26, 21, 18, 16, 13, 12, 12),
                       w = rep(c(1, 2, 0.5), 6))
clotting$lot <- factor(clotting$lot)
clotting <- with_sites(clotting, by_turn(18))
golden_case("glm_gamma_clotting", clotting, from = "McCullagh and Nelder (1989), in ?glm", analyses = list(
  glm_analysis("inverse", "time ~ log(u) * lot", clotting, "Gamma"),
  glm_analysis("log", "time ~ log(u) + lot", clotting, "Gamma", link = "log"),
  glm_analysis("identity", "time ~ I(1/u) + lot", clotting, "Gamma", link = "identity"),
  glm_analysis("weighted", "time ~ log(u) + lot", clotting, "Gamma", weights = "w")))

worded <- trial
worded$outcome <- factor(c("no", "yes")[trial$response + 1])
worded$graded <- factor(c("none", "some", "full")[1 + trial$response + (trial$crp > 8 & trial$response == 1)], levels = c("none", "some", "full"))
golden_case("glm_factor_response", worded, from = "simulated, seed 20260101",
  notes = "a factor as binomial outcome: its first level is failure, every other level success", analyses = list(
  glm_analysis("two_levels", "outcome ~ arm + age", worded, "binomial"),
  glm_analysis("three_levels", "graded ~ arm + age", worded, "binomial")))
