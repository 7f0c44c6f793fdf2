# SPDX-License-Identifier: Apache-2.0
# Multiple imputation with keyed random numbers: chained equations in R on the pooled rows.

imputation_notes <- c("the random numbers are those of tests/golden/reference/keyed_random.py",
                      "pooled by mice::pool.scalar; df of Barnard and Rubin", "needs python3")

usual_versions <- versions
versions$mice <- as.character(packageVersion("mice"))

# mice's own example: 25 rows, two of four variables categorical.
nutrition <- with_sites(transform(mice::nhanes2, hyp = as.character(hyp), age = as.character(age)), by_turn(25, 3))
nutrition$hyp <- factor(nutrition$hyp)
nutrition$age <- factor(nutrition$age)
golden_case("imputation_nhanes", nutrition, from = "mice::nhanes2", notes = imputation_notes, analyses = list(
  imputation_analysis("cholesterol", "chl ~ bmi", nutrition, imputations = 3),
  imputation_analysis("seeded", "chl ~ bmi", nutrition, imputations = 10, cycles = 2, seed = 99, conf_level = 0.9),
  imputation_analysis("helped", "bmi ~ age", nutrition, more = "chl", imputations = 4, cycles = 3)))

# Numbers of distant mean and small scale, 0 and 1, a factor of two and one of three levels, all with incomplete.
set.seed(77)
n <- 400
incomplete <- data.frame(age = rnorm(n, 50, 10), crp = exp(rnorm(n)) * 1e-4, platelets = rnorm(n, 250000, 60))
incomplete$sex <- ifelse(runif(n) < plogis((incomplete$age - 50) / 10), "F", "M")
incomplete$stage <- c("I", "II", "III")[1 + (runif(n) < 0.6) + (runif(n) < 0.4)]
incomplete$response <- as.numeric(runif(n) < plogis(-0.5 + 0.05 * (incomplete$age - 50) + (incomplete$sex == "M") - 0.5 * log(incomplete$crp * 1e4)))
incomplete$visits <- rpois(n, exp(0.3 + 0.02 * (incomplete$age - 50)))
for (name in c("age", "crp", "sex", "stage", "response")) incomplete[[name]][runif(n) < 0.15 * plogis((incomplete$platelets - 250000) / 60) * 2] <- NA
incomplete <- with_sites(incomplete, in_blocks(n, 4))
incomplete$sex <- factor(incomplete$sex)
incomplete$stage <- factor(incomplete$stage)
golden_case("imputation_gaps", incomplete, empty = "s9", from = "simulated, set.seed(77)", notes = imputation_notes, analyses = list(
  imputation_analysis("logistic", "response ~ age + sex + crp", incomplete, "binomial", more = c("stage", "platelets"), cycles = 3),
  imputation_analysis("linear", "crp ~ age * sex + stage", incomplete, more = "platelets", imputations = 3, cycles = 4, seed = 5),
  imputation_analysis("poisson", "visits ~ I(age / 10) + stage", incomplete, "poisson", more = "response", imputations = 8, cycles = 2),
  imputation_analysis("probit", "response ~ age + platelets", incomplete, "binomial", link = "probit", imputations = 2, cycles = 1),
  imputation_analysis("complete", "visits ~ platelets", incomplete, "poisson")))

ozone_days <- with_sites(airquality, by_turn(nrow(airquality), 6))
golden_case("imputation_airquality", ozone_days, from = "datasets::airquality", notes = imputation_notes, analyses = list(
  imputation_analysis("ozone", "Ozone ~ Solar.R + Wind + Temp", ozone_days, imputations = 20, cycles = 5, seed = 3),
  imputation_analysis("offset", "Ozone ~ Solar.R + offset(Temp)", ozone_days, more = c("Wind", "Month"), seed = 123456789)))

seizure_gaps <- MASS::epil[c("y", "trt", "base", "age", "period", "subject")]
seizure_gaps$base[seq(3, nrow(seizure_gaps), 11)] <- NA
seizure_gaps$age[seq(5, nrow(seizure_gaps), 13)] <- NA
seizure_gaps <- with_sites(seizure_gaps, site_names(3)[MASS::epil$subject %% 3 + 1])
golden_case("imputation_epil", seizure_gaps, from = "MASS::epil, every eleventh base and thirteenth age left out", notes = imputation_notes, analyses = list(
  imputation_analysis("counts", "y ~ trt + base + age", seizure_gaps, "poisson", imputations = 4, cycles = 2)))

# Against mice itself, whose random numbers are others: effects of many standard errors differ little by chance.
set.seed(4)
against_mice <- function(name, formula, data, names, method, family = "gaussian") {
  imputed <- mice::mice(data[names], m = 40, maxit = 3, method = method, printFlag = FALSE, seed = 8)
  fits <- mice::getfit(with(imputed, glm(as.formula(formula), family = family)))
  pooled <- summary(mice::pool(fits))
  list(study = list(name = name, method = "multiple_imputation", formula = formula, family = family, imputations = 40, cycles = 3,
                    imputation_variables = vector_of(names)),
       expected = list(method = "multiple_imputation", converged = TRUE, terms = mapply(function(...) list(...),
         term = as.character(pooled$term), estimate = pooled$estimate, std_error = pooled$std.error, SIMPLIFY = FALSE, USE.NAMES = FALSE)))
}
n <- 800
large <- data.frame(x = rnorm(n), z = rnorm(n))
large$group <- factor(ifelse(runif(n) < plogis(large$x), "b", "a"))
large$y <- 1 + large$x - 0.7 * (large$group == "b") + 0.5 * large$z + rnorm(n)
large$event <- as.numeric(runif(n) < plogis(-1 + large$y))
for (name in c("y", "group", "event")) large[[name]][runif(n) < plogis(large$z - 1)] <- NA
large <- with_sites(large, by_turn(n, 3))
as_factor <- transform(large, event = factor(event))
golden_case("imputation_against_mice", large, from = "simulated, set.seed(4)", tolerance = 0.05, tolerances = list(std_error = 0.12),
            because = "mice draws other random numbers: equal within chance; the other cases of the method hold to 1e-9",
            notes = "estimates and errors by mice::mice(m = 40), norm and logreg: equal within chance", analyses = list(
  against_mice("linear", "y ~ x + group", as_factor, c("y", "x", "group", "z", "event"), c("norm", "", "logreg", "", "logreg")),
  against_mice("logistic", "event ~ y", as_factor, c("event", "y", "x", "z", "group"), c("logreg", "norm", "", "", "logreg"), "binomial")))
versions <- usual_versions
