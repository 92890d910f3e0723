#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/write_txn_markers_request.h"
#include "wire/kafka/generated/write_txn_markers_response.h"

namespace millrace::gateway::kafka {

namespace {

using WrittenMarkers = GatheredReply<wire::WriteTxnMarkersRequest, wire::WriteTxnMarkersResponse>;

/// Where one result belongs.
struct PlaceOfMarker {
  std::size_t marker;
  std::size_t topic;
  std::size_t partition;

  wire::ErrorCode& in(WrittenMarkers& work) const {
    return work.response.markers[marker].topics[topic].partitions[partition].error_code;
  }
};

void write_marker(Connection& connection, const std::shared_ptr<WrittenMarkers>& work, const PlaceOfMarker& place) {
  const auto& wanted = work->kept->message.markers[place.marker];
  const auto& topic = wanted.topics[place.topic];
  const auto log = Topics(connection).partition(topic.name, topic.partition_indexes[place.partition]);
  if (!log.has_value()) {
    place.in(*work) = wire::ErrorCode::unknown_topic_or_partition;
    return;
  }
  ++work->left;
  connection.shard().logs().end_transaction(
      *log, {wanted.producer_id, wanted.producer_epoch, wanted.transaction_result, wanted.coordinator_epoch},
      [work, place](broker::Result<void> ended) {
        if (!ended.has_value()) {
          place.in(*work) = ended.error().code == broker::BrokerErrc::refused ? wire::ErrorCode::invalid_producer_epoch
                                                                              : to_kafka(ended.error().code);
        }
        work->finish_one();
      });
}

}  // namespace

/// For administrators, to end what no coordinator knows of: coordinators here do not use it.
void handle_write_txn_markers(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::WriteTxnMarkersRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<WrittenMarkers>(kept);
  for (const auto& wanted : kept->message.markers) {
    auto& out = work->response.markers.emplace_back();
    out.producer_id = wanted.producer_id;
    for (const auto& topic : wanted.topics) {
      auto& result = out.topics.emplace_back();
      result.name = topic.name;
      for (const std::int32_t index : topic.partition_indexes) result.partitions.emplace_back().partition_index = index;
    }
  }
  const bool allowed = may_with_cluster(connection, auth::Operation::alter) ||
                       may_with_cluster(connection, auth::Operation::cluster_action);
  const auto& markers = kept->message.markers;
  for (std::size_t m = 0; m < markers.size(); ++m) {
    for (std::size_t t = 0; t < markers[m].topics.size(); ++t) {
      for (std::size_t p = 0; p < markers[m].topics[t].partition_indexes.size(); ++p) {
        const PlaceOfMarker place{m, t, p};
        if (allowed)
          write_marker(connection, work, place);
        else
          place.in(*work) = wire::ErrorCode::cluster_authorization_failed;
      }
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka
