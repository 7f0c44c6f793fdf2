# SPDX-License-Identifier: Apache-2.0
# Text forms of a case: CSV per site, study.toml, expected.json. Numbers are written with as many digits,
# at most 17, as it takes to read the same double back.

number_text <- function(x) {
  if (x == round(x) && abs(x) < 1e15) return(sprintf("%.0f", x + 0))
  for (digits in 15:17) {
    text <- sprintf("%.*g", digits, x)
    if (as.numeric(text) == x) break
  }
  text
}

quoted <- function(x) paste0("\"", gsub("([\"\\\\])", "\\\\\\1", x), "\"")

scalar_json <- function(x) {
  if (is.na(x) || (is.numeric(x) && !is.finite(x))) return("null")
  if (is.logical(x)) return(if (x) "true" else "false")
  if (is.numeric(x)) number_text(x) else quoted(as.character(x))
}

# A list with names is an object, any other list an array; a vector is an array unless of length one
# (array() below keeps it one).
json <- function(x, indent = "") {
  if (is.null(x)) return("null")
  deeper <- paste0(indent, "  ")
  if (is.list(x)) {
    if (length(x) == 0) return(if (is.null(names(x))) "[]" else "{}")
    parts <- vapply(x, json, "", indent = deeper)
    if (!is.null(names(x))) {
      parts <- paste0(quoted(names(x)), ": ", parts)
      return(paste0("{\n", paste0(deeper, parts, collapse = ",\n"), "\n", indent, "}"))
    }
    return(paste0("[\n", paste0(deeper, parts, collapse = ",\n"), "\n", indent, "]"))
  }
  if (is.matrix(x)) {
    rows <- apply(x, 1, function(row) json(vector_of(row)))
    return(paste0("[", paste(rows, collapse = paste0(",\n", indent, " ")), "]"))
  }
  parts <- vapply(unname(x), scalar_json, "")
  if (length(parts) == 1 && !inherits(x, "array_of")) return(parts)
  paste0("[", paste(parts, collapse = ", "), "]")
}

# A vector that stays an array in JSON and TOML even when it has one element.
vector_of <- function(x) structure(as.vector(unname(x)), class = "array_of")

toml_value <- function(x) {
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, function(row) toml_value(vector_of(row))), collapse = ", "), "]"))
  if (inherits(x, "toml")) return(as.character(x))  # written already
  parts <- vapply(unclass(x), function(v) scalar_json(v), "")
  if (length(parts) == 1 && !inherits(x, "array_of")) parts else paste0("[", paste(parts, collapse = ", "), "]")
}

toml_table <- function(heading, fields) {
  c(heading, paste(names(fields), "=", vapply(fields, toml_value, "")), "")
}

# Levels are declared where inference would get them wrong: another order than the alphabet's, a level
# that never occurs, or text that looks like numbers.
column_tables <- function(data) {
  lines <- character()
  for (name in names(data)) {
    values <- data[[name]]
    if (!is.factor(values)) next
    inferred <- sort(unique(as.character(values[!is.na(values)])))
    looks_numeric <- !anyNA(suppressWarnings(as.numeric(inferred)))
    if (looks_numeric || !identical(inferred, levels(values))) {
      lines <- c(lines, toml_table("[[column]]", list(name = name, levels = vector_of(levels(values)))))
    }
  }
  lines
}

study_lines <- function(title, purpose, data, sites, studies) {
  c("# SPDX-License-Identifier: Apache-2.0", "# Written by tests/golden/reference.R.",
    toml_table("[study]", list(title = title, purpose = purpose, sites = vector_of(sites), minimum_sites = 1)),
    toml_table("[privacy]", list(minimum_count = 0)), column_tables(data),
    unlist(lapply(studies, function(study) toml_table("[[analysis]]", study))))
}

field_text <- function(values) {
  if (is.numeric(values)) vapply(values, function(v) if (is.na(v)) "" else number_text(v), "")
  else ifelse(is.na(values), "", as.character(values))
}

write_site <- function(path, data) {
  columns <- lapply(data, field_text)
  rows <- if (nrow(data) > 0) do.call(paste, c(columns, sep = ",")) else character()
  writeLines(c(paste(names(data), collapse = ","), rows), path)
}

versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")),
                 sandwich = as.character(packageVersion("sandwich")))

# How rows reach sites: by turns, or in blocks of unequal size.
site_names <- function(k) paste0("s", seq_len(k))
by_turn <- function(n, k = 3) site_names(k)[(seq_len(n) - 1) %% k + 1]
in_blocks <- function(n, k = 3) site_names(k)[findInterval(seq_len(n), ceiling(n * cumsum(seq_len(k)) / sum(seq_len(k))), left.open = TRUE) + 1]

# Data as the analyses see them: the site's name is a factor column.
with_sites <- function(data, sites) {
  data$site <- factor(sites)
  rownames(data) <- NULL
  data
}

# A normal tail moves by z^2 times what z does, relative to itself: estimates that are right to 1e-9 leave so much of a p-value.
small_p <- "p_value: its relative error is that of the statistic times the square of the statistic"

# One case: a folder with the tables, the study and what must come out. `analyses` are lists with `study`
# (the keys of [[analysis]]) and `expected` (the result's fields). `empty` names sites without any row.
# `tolerances` overrides the tolerance for a field's name, and `because` says why one above 1e-9 is all there is; `notes` say
# what a reader could ask.
golden_case <- function(name, data, analyses, tolerance = 1e-9, tolerances = list(), empty = character(),
                        notes = character(), from = "", because = character()) {
  folder <- file.path(cases, name)
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  columns <- data[setdiff(names(data), "site")]
  sites <- sort(c(unique(as.character(data$site)), empty))
  for (site in sites) {
    write_site(file.path(folder, paste0("site_", site, ".csv")), columns[data$site == site, , drop = FALSE])
  }
  studies <- lapply(analyses, function(analysis) analysis$study)
  names_of <- vapply(studies, function(study) study$name, "")
  stopifnot(!anyDuplicated(names_of))
  writeLines(study_lines(paste("Golden case", name), "Comparison with R", columns, sites, studies),
             file.path(folder, "study.toml"))
  write_expected(file.path(folder, "expected.json"), name, from, tolerance, tolerances, notes, because,
                 setNames(lapply(analyses, function(analysis) analysis$expected), names_of))
}

write_expected <- function(path, name, from, tolerance, tolerances, notes, because, expected) {
  head <- list(case = name, data = from, software = versions, tolerance = tolerance)
  if (length(tolerances) > 0) head$tolerances <- tolerances
  if (length(because) > 0) head$because <- because
  stopifnot(length(because) > 0 || all(unlist(c(tolerance, tolerances)) <= 1e-9))
  if (length(notes) > 0) head$notes <- vector_of(notes)
  writeLines(json(c(head, list(analyses = expected))), path)
}
