#pragma once

#include <cstdint>
#include <span>

#include "gateway/kafka/request.h"
#include "wire/kafka/api.h"

namespace millrace::gateway::kafka {

/// One line per request that is served: what ApiVersions announces and what the connection dispatches by.
struct Handler {
  wire::ApiKey key;
  std::int16_t min_version;
  std::int16_t max_version;
  /// Allowed before a connection that needs SASL has authenticated.
  bool before_authentication;
  void (*handle)(Connection& connection, const Request& request);
};

std::span<const Handler> handlers();
/// Null for a key that is not served.
const Handler* find_handler(std::int16_t key);

// One file each.
void handle_alter_client_quotas(Connection& connection, const Request& request);
void handle_add_offsets_to_txn(Connection& connection, const Request& request);
void handle_add_partitions_to_txn(Connection& connection, const Request& request);
void handle_alter_configs(Connection& connection, const Request& request);
void handle_alter_user_scram_credentials(Connection& connection, const Request& request);
void handle_api_versions(Connection& connection, const Request& request);
void handle_create_acls(Connection& connection, const Request& request);
void handle_create_partitions(Connection& connection, const Request& request);
void handle_create_topics(Connection& connection, const Request& request);
void handle_delete_acls(Connection& connection, const Request& request);
void handle_delete_groups(Connection& connection, const Request& request);
void handle_delete_records(Connection& connection, const Request& request);
void handle_delete_topics(Connection& connection, const Request& request);
void handle_describe_acls(Connection& connection, const Request& request);
void handle_describe_client_quotas(Connection& connection, const Request& request);
void handle_describe_cluster(Connection& connection, const Request& request);
void handle_describe_configs(Connection& connection, const Request& request);
void handle_describe_groups(Connection& connection, const Request& request);
void handle_describe_log_dirs(Connection& connection, const Request& request);
void handle_describe_producers(Connection& connection, const Request& request);
void handle_describe_quorum(Connection& connection, const Request& request);
void handle_describe_topic_partitions(Connection& connection, const Request& request);
void handle_describe_transactions(Connection& connection, const Request& request);
void handle_describe_user_scram_credentials(Connection& connection, const Request& request);
void handle_elect_leaders(Connection& connection, const Request& request);
void handle_end_txn(Connection& connection, const Request& request);
void handle_fetch(Connection& connection, const Request& request);
void handle_find_coordinator(Connection& connection, const Request& request);
void handle_heartbeat(Connection& connection, const Request& request);
void handle_incremental_alter_configs(Connection& connection, const Request& request);
void handle_init_producer_id(Connection& connection, const Request& request);
void handle_join_group(Connection& connection, const Request& request);
void handle_leave_group(Connection& connection, const Request& request);
void handle_list_config_resources(Connection& connection, const Request& request);
void handle_list_groups(Connection& connection, const Request& request);
void handle_list_offsets(Connection& connection, const Request& request);
void handle_list_transactions(Connection& connection, const Request& request);
void handle_metadata(Connection& connection, const Request& request);
void handle_offset_commit(Connection& connection, const Request& request);
void handle_offset_delete(Connection& connection, const Request& request);
void handle_offset_fetch(Connection& connection, const Request& request);
void handle_offset_for_leader_epoch(Connection& connection, const Request& request);
void handle_produce(Connection& connection, const Request& request);
void handle_sasl_authenticate(Connection& connection, const Request& request);
void handle_sasl_handshake(Connection& connection, const Request& request);
/// A message of a login that began with SaslHandshake 0: no request, its frame holds nothing else.
void handle_sasl_token(Connection& connection, bytes::ByteView token, const Reply& reply);
void handle_sync_group(Connection& connection, const Request& request);
void handle_txn_offset_commit(Connection& connection, const Request& request);
void handle_write_txn_markers(Connection& connection, const Request& request);

}  // namespace millrace::gateway::kafka
