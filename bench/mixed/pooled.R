# SPDX-License-Identifier: Apache-2.0
# The same model on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. lmer is timed at its defaults, which
# leave the variance of the intercepts about 1e-7 off; the numbers compared are those of a finer search from there.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "..", "timed.R"))
suppressPackageStartupMessages(library(lme4))
data <- read_rows(2)
frame <- data.frame(y = data[[1]], site = factor(data[[2]]), data[[3]])
formula <- reformulate(c(names(frame)[-(1:2)], "(1 | site)"), "y")
fit <- timed("mixed", quote(lmer(formula, frame)))
control <- lmerControl(optimizer = "nloptwrap",
                       optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14, maxeval = 1000))
fit <- lmer(formula, frame, control = control, start = getME(fit, "theta"))
numbers("mixed", c(fixef(fit), sqrt(diag(as.matrix(vcov(fit)))), as.data.frame(VarCorr(fit))$vcov,
                   as.numeric(logLik(fit))))
cat("mixed tolerance 1e-6\n")
