# SPDX-License-Identifier: Apache-2.0
# The formula language: names and columns as model.matrix() makes them.

breaks <- with_sites(warpbreaks, by_turn(nrow(warpbreaks)))
golden_case("formula_factors_warpbreaks", breaks, from = "datasets::warpbreaks", analyses = list(
  glm_analysis("crossed", "breaks ~ wool * tension", breaks),
  glm_analysis("interaction_only", "breaks ~ wool:tension", breaks),
  glm_analysis("main_and_interaction", "breaks ~ wool + wool:tension", breaks),
  glm_analysis("no_intercept", "breaks ~ tension - 1", breaks),
  glm_analysis("zero_plus", "breaks ~ 0 + wool + tension", breaks),
  glm_analysis("site_effect", "breaks ~ wool + site", breaks),
  glm_analysis("poisson_crossed", "breaks ~ wool * tension", breaks, "poisson")))

teeth <- with_sites(ToothGrowth, in_blocks(nrow(ToothGrowth), 3))
golden_case("formula_numeric_teeth", teeth, from = "datasets::ToothGrowth", analyses = list(
  glm_analysis("slopes", "len ~ supp * dose", teeth),
  glm_analysis("separate_slopes", "len ~ supp:dose", teeth),
  glm_analysis("square", "len ~ supp + dose + I(dose^2)", teeth),
  glm_analysis("logarithm", "len ~ supp * log(dose)", teeth),
  glm_analysis("factor_of_number", "len ~ supp + factor(dose)", teeth),
  glm_analysis("crossed_factors", "len ~ supp * factor(dose)", teeth),
  glm_analysis("roots", "log(len) ~ sqrt(dose) + exp(dose)", teeth)))

golden_case("formula_splines_mtcars", cars, from = "datasets::mtcars",
  notes = "ns(): knots at type-7 quantiles of the values, boundary knots at their range", analyses = list(
  glm_analysis("spline", "mpg ~ ns(wt, df=3)", cars),
  glm_analysis("spline_and_factor", "mpg ~ ns(hp, df = 4) + factor(am)", cars),
  glm_analysis("spline_logit", "am ~ ns(wt, df=2)", cars, "binomial")))
golden_case("formula_curves_mtcars", cars, from = "datasets::mtcars", analyses = list(
  glm_analysis("polynomial", "mpg ~ poly(wt, 2, raw=TRUE) + hp", cars),
  glm_analysis("cubic", "mpg ~ poly(hp, 3, raw = TRUE)", cars),
  glm_analysis("three_way", "mpg ~ wt * hp * am", cars),
  glm_analysis("products", "mpg ~ I(wt * hp) + I(wt^2 + 1) + I((hp - 100) / 50)", cars)))

air <- with_sites(airquality, in_blocks(nrow(airquality), 4))
golden_case("formula_missing_airquality", air, from = "datasets::airquality", analyses = list(
  glm_analysis("scattered", "Ozone ~ Solar.R + Wind + Temp", air),
  glm_analysis("month", "Ozone ~ Wind + factor(Month)", air, "Gamma", link = "log")))
golden_case("formula_spline_missing", air, from = "datasets::airquality",
  notes = "R evaluates ns() before rows are left out: the knots come from every value of Wind, also where Ozone is missing",
  analyses = list(glm_analysis("spline", "Ozone ~ ns(Wind, df=3) + Solar.R", air)))
