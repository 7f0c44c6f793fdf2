# SPDX-License-Identifier: Apache-2.0
# Columns that all rows make together: poly() and bs() as stats and splines make them of the pooled values; nesting by %in%.

motors_by_turn <- with_sites(mtcars, by_turn(nrow(mtcars), 3))
golden_case("bases_polynomial_mtcars", motors_by_turn, from = "datasets::mtcars", analyses = list(
  glm_analysis("square", "mpg ~ poly(wt, 2)", motors_by_turn),
  glm_analysis("two", "mpg ~ poly(hp, 3) + poly(wt, 2) + qsec", motors_by_turn),
  glm_analysis("by_gear", "mpg ~ poly(wt, 2) * am", motors_by_turn),
  glm_analysis("high", "mpg ~ poly(disp, 8)", motors_by_turn),
  glm_analysis("of_logarithm", "mpg ~ poly(log(hp), degree = 2, raw = FALSE)", motors_by_turn),
  glm_analysis("logit", "am ~ poly(wt, 2)", motors_by_turn, "binomial"),
  glm_analysis("linear", "carb ~ poly(hp, 1)", motors_by_turn, "poisson"),
  elastic_net_analysis("penalised", "mpg ~ poly(wt, 2) + bs(hp, df = 5)", motors_by_turn, nlambda = 8)))
golden_case("bases_spline_mtcars", motors_by_turn, from = "datasets::mtcars", analyses = list(
  glm_analysis("cubic", "mpg ~ bs(wt)", motors_by_turn),
  glm_analysis("df", "mpg ~ bs(hp, df = 5) + am", motors_by_turn),
  glm_analysis("degree", "mpg ~ bs(wt, df = 4, degree = 2)", motors_by_turn),
  glm_analysis("broken_line", "mpg ~ bs(wt, knots = c(2.5, 3.5), degree = 1)", motors_by_turn),
  glm_analysis("knots", "mpg ~ bs(hp, knots = c(120, 180))", motors_by_turn),
  glm_analysis("natural_knots", "mpg ~ ns(hp, knots = c(120, 180))", motors_by_turn),
  glm_analysis("inside", "mpg ~ bs(wt, knots = 3, Boundary.knots = c(2, 5))", motors_by_turn),
  glm_analysis("logit", "am ~ bs(wt, degree = 1)", motors_by_turn, "binomial"),
  glm_analysis("crossed", "mpg ~ bs(wt, degree = 2) * vs", motors_by_turn)))

# One site of one row and one of three; the scale and the place of x are far from 1.
set.seed(271)
n <- 90
far <- data.frame(y = rnorm(n), large = 1e12 * rnorm(n), small = 1e-12 * rexp(n), tied = sample(c(1, 2, 4, 8, 16), n, TRUE))
far$y <- far$y + sin(far$tied) + far$large / 1e12
far <- with_sites(far, c("s1", rep("s2", 3), rep("s3", 86)))
golden_case("bases_scales", far, from = "drawn with seed 271", analyses = list(
  glm_analysis("small", "y ~ poly(small, 3) + bs(small, df = 4)", far),
  glm_analysis("large", "y ~ poly(large, 2) + bs(large, degree = 2)", far),
  glm_analysis("ties", "y ~ poly(tied, 4)", far),
  glm_analysis("tied_knots", "y ~ bs(tied, df = 5)", far)))

# `.` is every other column of the table but the site.
dotted <- with_sites(swiss, by_turn(nrow(swiss), 3))
written_dot <- function(name, formula, meant) {
  analysis <- glm_analysis(name, meant, dotted)
  others <- swiss  # R's own `.`, on the table as it is
  stopifnot(all.equal(coef(glm(as.formula(formula), data = others)), coef(glm(as.formula(meant), data = dotted))))
  analysis$study$formula <- formula
  analysis
}
names_of_swiss <- paste(setdiff(names(swiss), "Fertility"), collapse = " + ")
golden_case("formula_dot_swiss", dotted, from = "datasets::swiss", analyses = list(
  written_dot("all", "Fertility ~ .", paste("Fertility ~", names_of_swiss)),
  written_dot("less", "Fertility ~ . - Catholic", paste("Fertility ~", names_of_swiss, "- Catholic")),
  written_dot("logarithm", "log(Fertility) ~ Catholic + .", paste("log(Fertility) ~ Catholic +", names_of_swiss)),
  written_dot("with_one", "Fertility ~ Catholic:. - Agriculture:Catholic", paste0("Fertility ~ Catholic:(", names_of_swiss, ") - Agriculture:Catholic"))))

weather <- with_sites(airquality, by_turn(nrow(airquality), 4))
golden_case("bases_missing_airquality", weather, from = "datasets::airquality",
  notes = "R evaluates poly() and bs() before rows are left out: they are of every value of Wind and Temp, also where Ozone is missing",
  analyses = list(
    glm_analysis("polynomial", "Ozone ~ poly(Wind, 2) + Solar.R", weather),
    glm_analysis("both", "Ozone ~ poly(Temp, 3) + bs(Wind, df = 4)", weather)))

veterans_by_turn <- with_sites(veteran, by_turn(nrow(veteran), 3))
golden_case("bases_survival_veteran", veterans_by_turn, from = "survival::veteran", analyses = list(
  cox_analysis("polynomial", "Surv(time, status) ~ poly(karno, 2) + age", veterans_by_turn),
  cox_analysis("spline", "Surv(time, status) ~ bs(age, df = 4) + karno", veterans_by_turn),
  refined_cox_analysis("predicted", "Surv(time, status) ~ poly(karno, 2) + bs(age, degree = 2)", veterans_by_turn, strata = character(),
                       newdata = data.frame(karno = c(40, 80), age = c(50, 65)), times = c(50, 200))))

looms <- with_sites(warpbreaks, by_turn(nrow(warpbreaks), 3))
golden_case("formula_nested_warpbreaks", looms, from = "datasets::warpbreaks", analyses = list(
  glm_analysis("within", "breaks ~ wool + tension %in% wool", looms),
  glm_analysis("within_alone", "breaks ~ tension %in% wool", looms),
  glm_analysis("slash", "breaks ~ wool / tension", looms),
  glm_analysis("square", "breaks ~ (wool + tension)^2", looms),
  glm_analysis("square_less", "breaks ~ (wool + tension)^2 - wool", looms)))
