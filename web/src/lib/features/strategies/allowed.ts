// Who may change what of a strategy: what everybody shares is the operator's, what one configured is one's own.
import { auth } from '$features/users/auth.svelte';
import type { Strategy } from '$lib/api/types';

export const may = (permission: string): boolean => auth.me?.permissions.includes(permission) ?? false;
export const mayManage = (strategy: Strategy): boolean => may('strategy.manage') && (strategy.is_mine || may('platform.manage'));
