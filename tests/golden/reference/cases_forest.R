# SPDX-License-Identifier: Apache-2.0
# Random forests: importance and errors, in the sample and out of it, against the twin in exact fractions.

forest_notes <- c("no forest of R draws the program's random numbers: forest_twin.py does, in exact fractions", "needs python3")
golden_case("forest_iris", irises, empty = "s7", from = "datasets::iris", notes = forest_notes, analyses = list(
  forest_analysis("width", "Sepal.Width ~ Sepal.Length + Petal.Length + Petal.Width + Species", irises, trees = 25),
  forest_analysis("few_columns", "Petal.Width ~ Species + Sepal.Length", irises, trees = 10, depth = 6, columns_per_node = 1, seed = 5)))
abortions <- abortion[c("case", "age", "parity", "education", "spontaneous", "induced", "site")]
golden_case("forest_infert", abortions, from = "datasets::infert", notes = forest_notes, analyses = list(
  forest_analysis("case", "case ~ age + parity + education + spontaneous + induced", abortions, trees = 30, depth = 5),
  forest_analysis("all_columns", "case ~ spontaneous + induced + education", abortions, trees = 12, columns_per_node = 3, min_rows = 10)))
golden_case("forest_cars", gear_cars, from = "datasets::mtcars", notes = forest_notes, analyses = list(
  forest_analysis("miles", "mpg ~ wt + hp + cyl + am", gear_cars, trees = 40, depth = 3, min_rows = 3),
  forest_analysis("weighted", "mpg ~ wt + hp + qsec", gear_cars, trees = 10, min_rows = 2, weights = "carb")))
