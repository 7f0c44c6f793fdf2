# SPDX-License-Identifier: Apache-2.0
# Courses of a disease in a cohort of several centres: random slopes in nested and crossed groups, against lme4.

# Patients with one to eight visits, unevenly spread over seven sites; two wards at each site.
set.seed(20261126)
course_patients <- data.frame(patient = 1:56, centre = sample(rep(1:7, times = c(3, 5, 6, 8, 9, 11, 14))), visits = sample(1:8, 56, TRUE))
course_patients$visits[c(3, 30, 41)] <- 1
course_patients$age <- round(rnorm(56, 52, 11))
course_patients$arm <- factor(sample(c("drug", "none"), 56, TRUE))
course_patients$ward <- 10 * course_patients$centre + sample(1:2, 56, TRUE)
course_patients$level <- rnorm(56)
course_patients$course <- 0.6 * course_patients$level + 0.8 * rnorm(56)
sizes <- round(rnorm(7, 120, 40))  # of a site: beds
courses <- course_patients[rep(seq_len(56), times = course_patients$visits), ]
courses$year <- round(ave(courses$patient, courses$patient, FUN = seq_along) / 2 + runif(nrow(courses), -0.2, 0.2), 2)
courses$beds <- sizes[courses$centre]
site_level <- rnorm(7)
site_course <- 0.4 * rnorm(7)
fixed <- 20 + 0.9 * courses$year + 0.05 * courses$age - 0.02 * courses$beds + (courses$arm == "drug") * (1 - 0.4 * courses$year)
noise <- rnorm(nrow(courses))
courses$score <- round(fixed + 2 * site_level[courses$centre] + site_course[courses$centre] * courses$year + 3 * courses$level +
                         1.1 * courses$course * courses$year + 1.5 * noise, 2)
courses$far <- courses$score + 300 * round(site_level[courses$centre], 1)  # sites a hundred times as far apart as patients
courses$flat <- round(fixed + 3 * courses$level + 1.1 * courses$course * courses$year + 1.5 * noise, 2)
for (i in 1:3) {  # no variance between sites
  fit <- lm(flat ~ factor(centre) + year + age, courses)
  courses$flat <- courses$flat - c(0, coef(fit)[2:7])[courses$centre]
}
courses$flat <- round(courses$flat, 9)  # the same numbers on every machine
courses$w <- c(1, 0.25, 3, 1.5)[seq_len(nrow(courses)) %% 4 + 1]
courses$score[c(7, 100)] <- NA
courses$age[courses$patient == 12] <- NA
courses <- courses[sample(nrow(courses)), setdiff(names(courses), c("visits", "level", "course"))]
courses <- with_sites(courses, site_names(7)[courses$centre])
courses$centre <- NULL

flat <- lmm_analysis("flat", "flat ~ year + age + (1 | site) + (year | patient)", courses)
flat$expected$warnings_contain <- "singular fit: the variance of (Intercept) by site is 0"
both <- lmm_analysis("both", "score ~ year + arm + (year | site/patient)", courses)
both$expected$warnings_contain <- "singular fit: the effect year by site is a function of those before it"
golden_case("mixed_courses", courses, from = "drawn, seed 20261126", notes = lmm_notes, empty = "s9", analyses = list(
  lmm_analysis("course", "score ~ year + age + beds + arm + (1 | site) + (year | patient)", courses),
  lmm_analysis("course_ml", "score ~ year * arm + beds + (1 | site) + (year | patient)", courses, reml = FALSE),
  lmm_analysis("weights", "score ~ year + arm + (1 | site) + (year | patient)", courses, weights = "w"),
  lmm_analysis("far", "far ~ year + arm + (1 | site) + (year | patient)", courses),
  lmm_analysis("site_slope", "score ~ year + arm + (year | site) + (1 | patient)", courses),
  lmm_analysis("apart", "score ~ year + arm + (1 | site) + (year || patient)", courses),
  lmm_analysis("one_group", "score ~ year + arm + (1 | patient) + (0 + year | patient)", courses),
  both, flat))

golden_case("mixed_wards", courses, from = "drawn, seed 20261126", notes = lmm_notes, analyses = list(
  lmm_analysis("wards", "score ~ year + age + arm + (1 | ward) + (year | patient)", courses),
  lmm_analysis("wards_ml", "score ~ year + (year | patient) + (year | ward)", courses, reml = FALSE),
  lmm_analysis("nested", "score ~ year + arm + (year | ward/patient)", courses),
  lmm_analysis("factor", "score ~ year + arm + (arm | ward) + (1 | patient)", courses)))

# Raters who see many patients: the data of mixed_crossed.
golden_case("mixed_crossed_slopes", ratings[names(ratings) != "centre"], from = "drawn, seed 20261127", notes = lmm_notes, empty = "s9", analyses = list(
  lmm_analysis("patients", "score ~ visit + arm + (visit | patient) + (1 | rater)", ratings),
  lmm_analysis("raters_ml", "score ~ visit + arm + (visit | rater) + (1 | patient)", ratings, reml = FALSE),
  lmm_analysis("apart", "score ~ visit + (visit || patient) + (1 | rater)", ratings, weights = "w")))
