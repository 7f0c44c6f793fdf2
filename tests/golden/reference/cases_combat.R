# SPDX-License-Identifier: Apache-2.0
# Harmonisation by sva::ComBat with the site as batch, on the pooled rows.

combat_notes <- c("mean and variance: of the rows that sva::ComBat gives", "needs r-bioc-sva",
                  "grand_mean, pooled_variance, coefficients: from lm(feature ~ 0 + site + covariates) as ComBat takes them")

usual_versions <- versions
versions$sva <- as.character(packageVersion("sva"))

combat_analysis <- function(name, data, features, covariates, mean_only = FALSE) {
  right <- paste(c("1", covariates), collapse = " + ")
  used <- complete.cases(data[unique(c(features, all.vars(as.formula(paste("~", right)))))])
  rows <- droplevels(data[used, ])
  mod <- model.matrix(as.formula(paste("~", right)), rows)
  invisible(capture.output(harmonised <- suppressMessages(sva::ComBat(t(as.matrix(rows[features])), rows$site, mod, mean.only = mean_only))))
  design <- cbind(model.matrix(~ 0 + site, rows), mod[, -1, drop = FALSE])
  sites <- nlevels(rows$site)
  constant <- function(feature) any(tapply(rows[[feature]], rows$site, function(v) length(v) > 1 && var(v) == 0))
  described <- lapply(features, function(feature) {
    fit <- lm.fit(design, rows[[feature]])
    one <- list(variable = feature, adjusted = !constant(feature),
                grand_mean = sum(table(rows$site) / nrow(rows) * fit$coefficients[seq_len(sites)]),
                pooled_variance = mean(fit$residuals^2))
    one$coefficients <- lapply(seq_len(ncol(design))[-seq_len(sites)], function(j) list(term = colnames(design)[j], estimate = fit$coefficients[[j]]))
    if (one$adjusted) one <- c(one, list(mean = mean(harmonised[feature, ]), variance = var(harmonised[feature, ])))
    one
  })
  study <- list(name = name, method = "combat", variables = vector_of(features), covariates = vector_of(covariates))
  if (mean_only) study$mean_only <- TRUE
  list(study = study, expected = list(method = "combat", n = nrow(rows), n_missing = sum(!used),
                                      mean_only = mean_only || any(table(rows$site) == 1), features = described))
}

petals <- with_sites(iris[c(2, 1, 3, 4, 5)], site_names(3)[(seq_len(150) * 7) %% 11 %% 3 + 1])
golden_case("combat_iris", petals, from = "datasets::iris", notes = combat_notes, analyses = list(
  combat_analysis("plain", petals, c("Sepal.Length", "Sepal.Width", "Petal.Length"), character()),
  combat_analysis("species", petals, c("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"), "Species"),
  combat_analysis("means", petals, c("Sepal.Length", "Petal.Width"), "Species", mean_only = TRUE)))

# Site effects on mean and scale, gaps, distant means, a feature that does not vary at one site, an interaction.
set.seed(313)
n <- 300
scans <- data.frame(age = round(rnorm(n, 45, 12)), sex = sample(c("F", "M"), n, TRUE))
centre <- site_names(4)[sample(4, n, TRUE, c(1, 2, 3, 4))]
shift <- c(s1 = -1, s2 = 0, s3 = 0.5, s4 = 2)[centre]
centre_spread <- c(s1 = 1, s2 = 2, s3 = 0.7, s4 = 1.4)[centre]
for (feature in 1:6) scans[[paste0("volume", feature)]] <- 10 + 0.03 * scans$age + shift * runif(1) + centre_spread * rnorm(n)
scans$volume2 <- scans$volume2 * 1e-5
scans$volume3 <- scans$volume3 + 1e5
scans$flat <- ifelse(centre == "s2", 0, rnorm(n))
scans$volume4[c(3, 77)] <- NA
scans$age[10] <- NA
scans <- with_sites(scans, centre)
volumes <- paste0("volume", 1:6)
golden_case("combat_scans", scans, empty = "s9", from = "simulated, set.seed(313)", notes = combat_notes, analyses = list(
  combat_analysis("covariates", scans, volumes, c("age", "sex")),
  combat_analysis("interaction", scans, volumes[1:5], c("age * sex", "I(age^2)")),
  combat_analysis("flat", scans, c(volumes, "flat"), "age")))

motors <- with_sites(mtcars[c("mpg", "disp", "hp", "drat", "wt", "qsec")], c("s1", by_turn(31, 2)))
motors$site <- factor(c("s3", as.character(motors$site[-1])))
golden_case("combat_one_row", motors, from = "datasets::mtcars, one row at s3", notes = combat_notes, analyses = list(
  combat_analysis("alone", motors, c("mpg", "disp", "hp", "drat"), "wt")))
versions <- usual_versions
