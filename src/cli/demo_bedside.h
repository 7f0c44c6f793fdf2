// SPDX-License-Identifier: Apache-2.0
// The demo's last part: two patients whom a clinical system asks about at a serving site (CDS Hooks).
#pragma once

#include <string>

#include "core/error.h"

namespace clinnova::cli {

/// A patient with seropositive rheumatoid arthritis, examined three days ago.
struct DemoPatient {
  const char* id;
  const char* birth;
  int tender_joints;
  int swollen_joints;
  int patient_global;  ///< 0-100 mm
  double crp_mg_per_l;
};

/// Asks the site on that port of 127.0.0.1; the card as text, or kFailed with what the service said.
Result<std::string> AskAboutDemoPatient(int port, const DemoPatient& patient);

}  // namespace clinnova::cli
