# SPDX-License-Identifier: Apache-2.0
# A random forest by forest_twin.py, which has the program's random numbers: no forest of R draws the same.

forest_analysis <- function(name, formula, data, trees = 20, depth = 4, columns_per_node = NULL, min_rows = 5, seed = 1, weights = NULL) {
  columns <- attr(terms(as.formula(formula)), "term.labels")
  outcome <- all.vars(as.formula(formula))[1]
  used <- complete.cases(data[c(outcome, columns, weights)])
  rows <- data[used, ]
  if (!is.null(weights)) rows <- rows[rows[[weights]] > 0, ]
  y <- as.numeric(rows[[outcome]])
  usual <- max(1, floor(if (all(y %in% 0:1)) sqrt(length(columns)) else length(columns) / 3))
  described <- lapply(columns, function(column) {
    values <- rows[[column]]
    if (!is.factor(values)) return(list(name = column, values = vector_of(values), levels = NULL))
    list(name = column, values = vector_of(as.character(values)), levels = vector_of(levels(data[[column]])))
  })
  stopifnot(vapply(rows[columns], function(values) length(unique(values)) <= 255, NA))
  problem <- list(outcome = vector_of(y), columns = described, weights = vector_of(if (is.null(weights)) rep(1, nrow(rows)) else rows[[weights]]),
                  trees = trees, depth = depth, columns_per_node = if (is.null(columns_per_node)) usual else columns_per_node,
                  min_rows = min_rows, seed = seed)
  path <- tempfile(fileext = ".json")
  writeLines(json(problem), path)
  lines <- strsplit(system2("python3", c(file.path(golden, "reference", "forest_twin.py"), path), stdout = TRUE), ",")
  importance <- Filter(function(line) line[1] == "importance", lines)
  places <- Filter(function(line) line[1] == "metrics", lines)
  study <- list(name = name, method = "random_forest", formula = formula, trees = trees, depth = depth, bins = 255)
  for (key in c("columns_per_node", "weights")) study[[key]] <- get(key)
  if (min_rows != 5) study$min_rows <- min_rows
  if (seed != 1) study$seed <- seed
  metrics <- lapply(c(train = "train", out_of_bag = "out_of_bag"), function(place) {
    here <- Filter(function(line) line[2] == place, places)
    setNames(lapply(here, function(line) as.numeric(line[4])), vapply(here, `[`, "", 3))
  })
  list(study = study, expected = list(method = "random_forest", n = nrow(rows), converged = TRUE,
    importance = lapply(importance, function(line) list(variable = line[2], gain = as.numeric(line[3]), cover = as.numeric(line[4]), frequency = as.numeric(line[5]))),
    metrics = metrics))
}
