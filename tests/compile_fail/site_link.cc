// SPDX-License-Identifier: Apache-2.0
// A site's link to the hub takes what the release gate made, and nothing else.
#include "network/site_agent.h"

namespace clinnova::network {

void Case(HubLink& link, const federation::ReleaseGate& gate, const core::Bytes& bytes,
          const std::vector<__int128>& sums, const table::SiteSchema& table) {
#if defined(SEND_RELEASED)
  link.Send(Heading{}, gate.Protocol(Acknowledgement{}));
#elif defined(SEND_RAW_BYTES)
  link.Send(Heading{}, bytes);
#elif defined(SEND_PLAIN_SUMS)
  link.Send(Heading{}, sums);
#elif defined(MAKE_RELEASED)
  link.Send(Heading{}, federation::Released<core::Bytes>(bytes));
#elif defined(PROTOCOL_OF_TABLE)
  link.Send(Heading{}, gate.Protocol(table));
#else
#error "a case is missing"
#endif
  (void)link, (void)gate, (void)bytes, (void)sums, (void)table;
}

}  // namespace clinnova::network
