/**
 * Keys that are known, from our own plans or from the balancers we take over, but whose feature
 * does not exist yet: refused by name wherever they stand, since ignoring a limit would mislead.
 * The text says what to do meanwhile; empty: remove it.
 */
export const notBuiltKeys: Readonly<Record<string, string>> = {
  // Presets and global switches.
  load_balancer: 'write strategy at the top of the file instead',
  load_balancing: 'write strategy at the top of the file instead',
  load_balancing_strategy: 'write strategy at the top of the file instead',
  enable_adaptive_routing: '',
  enable_cost_optimization: 'choose a strategy instead',
  enable_quality_based_routing: 'choose a strategy instead',
  cost_optimization_target: '',
  min_quality_threshold: '',
  quality_threshold: '',
  learning_rate: '',
  performance_window: '',
  failover_threshold: '',
  metrics_retention_days: '',
  auto_scaling: '',
  feature_flags: '',
  // Money.
  budget: 'write budgets: { global: { daily_usd } } instead',
  daily_budget: 'write budgets: { global: { daily_usd } } instead',
  hourly_budget: 'write budgets: { global: { hourly_usd } } instead',
  cost_per_1k_tokens:
    'write cost: { per_1m_input_usd, per_1m_output_usd } with 1000 times the price',
  // Rates.
  rate_limit_per_minute: 'write rate_limits: { requests_per_minute } instead',
  // Breaker and health checks.
  circuit_breaker: '',
  circuit_breaker_enabled: '',
  circuit_breaker_threshold: '',
  failure_threshold: 'write circuit_breaker: { failure_threshold } at the top of the file',
  recovery_timeout_seconds: 'write circuit_breaker: { recovery_timeout: 60s } at the top',
  half_open_max_requests: 'write it under circuit_breaker at the top of the file',
  consecutive_failures_threshold: '',
  reliability_score: '',
  health_check: '',
  health_check_enabled: '',
  health_check_path: '',
  health_check_interval: '',
  health_check_interval_seconds: '',
  health_check_timeout: '',
  health_check_timeout_seconds: '',
  heartbeat_interval: '',
  node_discovery_interval: '',
  // Cache and batches.
  cache: '',
  response_cache: '',
  enable_caching: '',
  cache_ttl: '',
  batching: '',
  // Words of others for what we have.
  timeout_seconds: 'write request_timeout with a unit instead, such as 30s',
  retry_delay: 'write retry_delays instead, such as [5s]',
  base_url: 'write endpoint_url instead',
  load_balancing_weight: 'write weight instead',
  max_concurrent_tasks: 'write max_concurrent_requests instead',
  max_queue_size: 'write queue.capacity instead, for all backends together',
  geographic_region: 'write region instead',
  priority_level: 'write priority instead, 1 is best',
  is_primary: 'write priority instead, 1 is best',
  worker_pool_size: 'write max_concurrent_requests instead',
  performance_profile: '',
  // Keys with rights of their own.
  scopes: '',
  models: '',
  expires: '',
  expires_at: '',
};

/** Backend kinds that are known but have no executor yet. */
export const notBuiltKinds: ReadonlySet<string> = new Set([
  'comfyui',
  'runpod',
  'gemini',
  'perplexity',
  'lightrag',
  'grpc',
]);

/** Job kinds that are known but cannot be served yet. */
export const notBuiltPools: ReadonlySet<string> = new Set(['image', 'video', 'query']);
