# SPDX-License-Identifier: Apache-2.0
# Elastic nets. Every case that has folds names them by a column, as cv.glmnet(foldid = ).
usual_versions <- versions
versions$glmnet <- as.character(packageVersion("glmnet"))

cars_folds <- with_sites(cbind(mtcars, fold = rep(1:4, 8)), by_turn(nrow(mtcars)))
cars_formula <- "mpg ~ wt + hp + qsec + drat + disp + factor(cyl) + factor(gear)"
golden_case("elastic_net_mtcars", cars_folds, from = "datasets::mtcars", analyses = list(
  elastic_net_analysis("lasso", cars_formula, cars_folds),
  elastic_net_analysis("half", cars_formula, cars_folds, alpha = 0.5, nlambda = 20),
  elastic_net_analysis("ridge", cars_formula, cars_folds, alpha = 0, nlambda = 12),
  elastic_net_analysis("raw_units", cars_formula, cars_folds, standardize = FALSE, nlambda = 20),
  elastic_net_analysis("raw_units_half", cars_formula, cars_folds, alpha = 0.3, standardize = FALSE, nlambda = 12),
  elastic_net_analysis("listed", cars_formula, cars_folds, alpha = 0.7, lambda = c(2, 0.5, 0.1, 0.01, 0)),
  elastic_net_analysis("offset", "mpg ~ wt + hp + qsec + offset(drat)", cars_folds, alpha = 0.6, nlambda = 12),
  elastic_net_analysis("no_intercept", "mpg ~ 0 + wt + hp + qsec", cars_folds, alpha = 0.8, nlambda = 12),
  elastic_net_analysis("folds", cars_formula, cars_folds, nlambda = 20, folds = "fold"),
  elastic_net_analysis("folds_listed", cars_formula, cars_folds, alpha = 0.4, lambda = c(1, 0.3, 0.1, 0.03), folds = "fold")))

air_folds <- with_sites(cbind(airquality, fold = (seq_len(153) * 7) %% 5 + 1), in_blocks(153, 4))
golden_case("elastic_net_airquality", air_folds, from = "datasets::airquality", notes = "rows with missing values", analyses = list(
  elastic_net_analysis("lasso", "Ozone ~ Solar.R + Wind * Temp + factor(Month)", air_folds, nlambda = 30, folds = "fold"),
  elastic_net_analysis("spline", "Ozone ~ ns(Temp, df = 4) + Wind", air_folds, alpha = 0.9, nlambda = 10),
  elastic_net_analysis("counts", "Temp ~ Wind + Solar.R + factor(Month)", air_folds, "poisson", alpha = 0.5, nlambda = 10, folds = "fold")))

infert_folds <- with_sites(cbind(infert[c("case", "age", "parity", "education", "induced", "spontaneous")],
                                 fold = rep(c(1, 2, 3, 4, 5, 3, 2, 1), 31)), in_blocks(248, 4))
infert_formula <- "case ~ age + parity + education + spontaneous * induced"
golden_case("elastic_net_infert", infert_folds, from = "datasets::infert", analyses = list(
  elastic_net_analysis("lasso", infert_formula, infert_folds, "binomial", nlambda = 40),
  elastic_net_analysis("half", infert_formula, infert_folds, "binomial", alpha = 0.5, nlambda = 12),
  elastic_net_analysis("ridge", infert_formula, infert_folds, "binomial", alpha = 0, nlambda = 8),
  elastic_net_analysis("raw_units", infert_formula, infert_folds, "binomial", alpha = 0.8, standardize = FALSE, nlambda = 12),
  elastic_net_analysis("no_intercept", "case ~ 0 + spontaneous + induced", infert_folds, "binomial", nlambda = 10),
  elastic_net_analysis("offset", "case ~ spontaneous + induced + offset(age / 50)", infert_folds, "binomial", nlambda = 10),
  elastic_net_analysis("folds", infert_formula, infert_folds, "binomial", nlambda = 20, folds = "fold"),
  elastic_net_analysis("folds_listed", infert_formula, infert_folds, "binomial", alpha = 0.2, lambda = c(0.2, 0.05, 0.01, 0), folds = "fold")))

visits_folds <- visits
visits_folds$fold <- (seq_len(180) * 11) %% 6 + 1
golden_case("elastic_net_visits", visits_folds, from = "simulated, seed 20260102", analyses = list(
  elastic_net_analysis("rate", "flares ~ drug * age + offset(log(years))", visits_folds, "poisson", nlambda = 20),
  elastic_net_analysis("counts", "flares ~ drug * age + years", visits_folds, "poisson", alpha = 0.5, nlambda = 40),
  elastic_net_analysis("ridge", "flares ~ drug + age + years", visits_folds, "poisson", alpha = 0, nlambda = 8),
  elastic_net_analysis("no_intercept", "flares ~ 0 + age + years", visits_folds, "poisson", lambda = c(1, 0.1, 0.01)),
  elastic_net_analysis("folds", "flares ~ drug * age + years", visits_folds, "poisson", nlambda = 15, folds = "fold")))

# More columns than rows, a constant column, columns of very different scales, an outcome far from zero.
set.seed(20260401)
wide <- as.data.frame(matrix(round(rnorm(14 * 18), 3), 14))
names(wide) <- paste0("g", 1:18)
wide$g2 <- wide$g2 * 1e6
wide$g3 <- wide$g3 * 1e-6 + 40
wide$flat <- 3.7
wide$far <- round(1e6 + 2 * wide$g1 - wide$g2 * 1e-6 + rnorm(14, 0, 0.3), 4)
wide$ill <- c(1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0)
wide <- with_sites(wide, c("s1", rep("s2", 6), rep("s3", 7)))
genes <- paste("~", paste0("g", 1:18, collapse = " + "), "+ flat")
golden_case("elastic_net_awkward", wide, empty = "s4", from = "simulated, seed 20260401",
  notes = c("14 rows, 19 columns of which one is constant; s1 has one row, s4 none",
            "the path ends where nearly all is explained"), analyses = list(
  elastic_net_analysis("wide_lasso", paste("far", genes), wide, nlambda = 30),
  elastic_net_analysis("wide_half", paste("far", genes), wide, alpha = 0.5, nlambda = 12),
  elastic_net_analysis("wide_binomial", paste("ill", genes), wide, "binomial", alpha = 0.9, nlambda = 25),
  elastic_net_analysis("separated", "ill ~ I(ill * 2 + g1) + g4", wide, "binomial", lambda = c(0.2, 0.1, 0.02))))

soldiers <- veteran
soldiers$celltype <- factor(as.character(soldiers$celltype))
soldiers$exact <- round(soldiers$time + seq_len(137) / 1000, 3)  # no ties
soldiers <- with_sites(soldiers, by_turn(137, 4))
terms_of_veteran <- "~ trt + celltype + karno + diagtime + age + prior"
golden_case("elastic_net_veteran", soldiers, from = "survival::veteran", notes = "exact: times without ties", analyses = list(
  cox_elastic_net("no_ties", paste("Surv(exact, status)", terms_of_veteran), soldiers, character()),
  cox_elastic_net("no_ties_half", paste("Surv(exact, status)", terms_of_veteran), soldiers, character(), alpha = 0.5,
                  lambda = c(0.2, 0.05, 0.01, 0)),
  cox_elastic_net("ties", paste("Surv(time, status)", terms_of_veteran), soldiers, character(), nlambda = 10, near = 1e-2),
  cox_elastic_net("by_site", paste("Surv(time, status)", terms_of_veteran), soldiers, "site",
                  lambda = c(0.15, 0.08, 0.03, 0.01, 0.001), near = 1e-2),
  cox_elastic_net("by_cell_type", "Surv(time, status) ~ trt + karno + diagtime + age", soldiers, "celltype", alpha = 0.7,
                  standardize = FALSE, lambda = c(0.3, 0.1, 0.02), near = 1e-2)))

# Folds of survival times: with and without ties, strata, offsets; and folds beside offsets of the other families.
soldiers$fold <- (seq_len(137) * 7) %% 4 + 1
soldiers$shift <- round(((seq_len(137) * 5) %% 11) / 10, 1)
golden_case("elastic_net_cox_folds", soldiers, from = "survival::veteran", notes = c("exact: times without ties",
            "cross-validation: deviance of all rows less that of the training set, per event of the fold"), analyses = list(
  cox_elastic_net("no_ties", paste("Surv(exact, status)", terms_of_veteran), soldiers, character(), nlambda = 20, folds = "fold"),
  cox_elastic_net("listed", paste("Surv(exact, status)", terms_of_veteran), soldiers, character(), alpha = 0.5,
                  lambda = c(0.2, 0.05, 0.01), folds = "fold"),
  cox_elastic_net("ties", "Surv(time, status) ~ trt + karno + diagtime", soldiers, character(), nlambda = 8, near = 1e-2, folds = "fold"),
  cox_elastic_net("offset", "Surv(exact, status) ~ trt + karno + age + offset(shift)", soldiers, character(), nlambda = 10, folds = "fold"),
  cox_elastic_net("by_site", paste("Surv(time, status)", terms_of_veteran), soldiers, "site",
                  lambda = c(0.15, 0.08, 0.03, 0.01), near = 2e-2, folds = "fold")))
visits_folds$any <- as.numeric(visits_folds$flares > 0)
golden_case("elastic_net_offset_folds", visits_folds, from = "simulated, seed 20260102", analyses = list(
  elastic_net_analysis("rate", "flares ~ drug * age + offset(log(years))", visits_folds, "poisson", nlambda = 15, folds = "fold"),
  elastic_net_analysis("any", "any ~ drug + age + offset(log(years))", visits_folds, "binomial", nlambda = 10, folds = "fold"),
  elastic_net_analysis("line", "age ~ drug + flares + offset(years)", visits_folds, nlambda = 10, folds = "fold")))
versions <- usual_versions
