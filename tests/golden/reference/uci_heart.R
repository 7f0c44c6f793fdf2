# SPDX-License-Identifier: Apache-2.0
# The four hospitals of the UCI heart disease data (Detrano et al. 1989): processed.*.data, no header, `?` is
# missing, columns as in heart-disease.names. The outcome num (0 to 4) becomes disease = 1 where num > 0. The
# data stay where they are; only the derived numbers are committed.

heart_columns <- c("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num")
heart_sites <- c("cleveland", "hungarian", "switzerland", "va")
heart_formula <- "disease ~ age + sex + factor(cp) + trestbps + thalach + exang + oldpeak"

read_hospital <- function(site) {
  rows <- read.csv(file.path(heart_folder, paste0("processed.", site, ".data")), header = FALSE, na.strings = "?", col.names = heart_columns)
  rows$disease <- as.integer(rows$num > 0)
  cbind(rows[setdiff(heart_columns, "num")], disease = rows$disease, hospital = site)
}

if (dir.exists(heart_folder)) {
  hospitals <- do.call(rbind, lapply(heart_sites, read_hospital))
  hospitals <- with_sites(hospitals[setdiff(names(hospitals), "hospital")], hospitals$hospital)
  analyses <- list(
    glm_analysis("disease", heart_formula, hospitals, "binomial"),
    glm_analysis("disease_by_hospital", paste(heart_formula, "+ site"), hospitals, "binomial"),
    summary_analysis("patients", hospitals, c("age", "trestbps", "thalach", "oldpeak")))
  folder <- file.path(golden, "uci_heart")
  dir.create(folder, showWarnings = FALSE)
  writeLines(study_lines("Heart disease at four hospitals", "Which findings go with narrowed coronary vessels", hospitals[setdiff(names(hospitals), "site")],
                         heart_sites, lapply(analyses, function(a) a$study)), file.path(folder, "study.toml"))
  write_expected(file.path(folder, "expected.json"), "uci_heart", "UCI heart disease, processed.*.data", 1e-9, list(),
    c("disease is 1 where num > 0; ? is missing; zeros in trestbps are taken as written"), character(), setNames(lapply(analyses, function(a) a$expected), vapply(analyses, function(a) a$study$name, "")))
}
