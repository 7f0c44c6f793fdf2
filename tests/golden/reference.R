# SPDX-License-Identifier: Apache-2.0
# Writes every golden case below cases/ and uci_heart/: tables, study file and the numbers that R gives.
#
#   Rscript tests/golden/reference.R [--heart FOLDER]
#
# FOLDER holds the UCI heart disease files (default: ../shared/data/multicentre/uci-heart-disease beside
# the repository); without them the committed uci_heart/expected.json stays as it is.
invisible(Sys.setlocale("LC_ALL", "C"))  # sort() and factor() order by code point, as the program does
options(contrasts = c("contr.treatment", "contr.poly"), stringsAsFactors = FALSE, warn = 1)
suppressPackageStartupMessages({
  library(splines)
  library(survival)
  library(sandwich)
  library(lme4)
  library(geepack)
})

arguments <- commandArgs(trailingOnly = FALSE)
script <- sub("^--file=", "", grep("^--file=", arguments, value = TRUE))
golden <- normalizePath(dirname(script))
flag <- match("--heart", arguments)
heart_folder <- if (is.na(flag)) {
  file.path(golden, "..", "..", "..", "shared", "data", "multicentre", "uci-heart-disease")
} else {
  arguments[flag + 1]
}

for (part in c("write", "fit_glm", "fit_survival", "describe", "describe_tests", "fit_cox_weights", "fit_rmst", "fit_competing", "fit_meta", "fit_likelihood", "fit_levels", "fit_penalised", "fit_evaluation", "fit_effect", "fit_policy_tree", "fit_causal_forest", "fit_choice", "fit_imputation", "fit_gee", "fit_mixed", "fit_glmm", "fit_forest")) {
  source(file.path(golden, "reference", paste0(part, ".R")))
}
cases <- file.path(golden, "cases.new")  # takes the old one's place once all is written
unlink(cases, recursive = TRUE)
for (part in c("cases_glm", "cases_robust", "cases_formula", "cases_bases", "cases_fractions", "cases_awkward", "cases_curves",
               "cases_cox", "cases_descriptives", "cases_tests", "cases_cox_weights", "cases_rmst", "cases_competing", "cases_competing_late", "cases_competing_rows", "cases_survival_awkward", "cases_survival_audit", "cases_meta", "cases_penalised", "cases_levels", "cases_elastic_net", "cases_evaluation", "cases_combat", "cases_effect", "cases_choice", "cases_imputation", "cases_gee", "cases_mixed", "cases_mixed_courses", "cases_glmm", "cases_nested", "cases_toolbox", "cases_choice_few_values", "cases_forest", "cases_clinic", "cases_registry", "cases_aliased", "uci_heart")) {
  frames <- Filter(is.data.frame, mget(ls()))
  source(file.path(golden, "reference", paste0(part, ".R")))
  taken <- names(frames)[!mapply(identical, frames, mget(names(frames)))]
  if (length(taken) > 0) stop(part, " gives other data to names of earlier cases: ", paste(taken, collapse = ", "))
}
unlink(file.path(golden, "cases"), recursive = TRUE)
invisible(file.rename(cases, file.path(golden, "cases")))
cat(length(list.dirs(file.path(golden, "cases"), recursive = FALSE)), "cases written\n")
